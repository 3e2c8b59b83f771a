// What Anthropic honours of a client's own request beyond a conversation, and how it is told so.

import type { MessageCreateParamsBase, OutputConfig, ToolChoice } from "@anthropic-ai/sdk/resources/messages";
import type { AnswerFormat, Wish } from "../domain/passage.ts";
import type { Need } from "./needs.ts";
import type { ModelRequest } from "./provider.ts";

export const ANTHROPIC_HONOURS: ReadonlySet<Need> = new Set([
  ...(["allowed_tools", "forced_tool", "no_tool_call", "no_parallel_tool_calls", "strict_tools"] as const),
  ...(["effort:none", "effort:low", "effort:medium", "effort:high", "effort:xhigh", "effort:max"] as const),
  ...(["json_schema", "stop", "image_url", "user"] as const),
] satisfies Need[]);

type Format = NonNullable<OutputConfig["format"]>;
type JsonSchema = Extract<AnswerFormat, { type: "json_schema" }>;

/** Throws when the vendor's mode cannot express the schema. */
export async function strictFormat({ schema }: JsonSchema): Promise<Format> {
  const { transformJSONSchema } = await import("@anthropic-ai/sdk/lib/transform-json-schema");
  return { type: "json_schema", schema: { ...transformJSONSchema(schema) } };
}

/** Why the schema that a client insists on cannot be had; undefined when it can. */
export async function formatFault({ wish }: ModelRequest): Promise<string | undefined> {
  if (wish?.format?.type !== "json_schema") return undefined;
  try {
    await strictFormat(wish.format);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A model that must call a tool, or was told not to think, does not. */
export function mayThink(wish: Wish | undefined): boolean {
  const type = choiceOf(wish)?.type;
  return type !== "any" && type !== "tool" && wish?.fields.reasoning_effort !== "none";
}

export function toWishes(
  wish: Wish | undefined,
  hasTools: boolean,
  format: OutputConfig["format"],
): Partial<MessageCreateParamsBase> {
  const { reasoning_effort: wanted, user } = wish?.fields ?? {};
  const effort = wanted === undefined || wanted === "none" ? undefined : (wanted as OutputConfig["effort"]);
  const config = { ...(effort !== undefined && { effort }), ...(format != null && { format }) };
  const choice = hasTools ? choiceOf(wish) : undefined;
  return {
    ...(Object.keys(config).length > 0 && { output_config: config }),
    ...(wanted === "none" && { thinking: { type: "disabled" as const } }),
    ...(choice !== undefined && { tool_choice: choice }),
    ...(user !== undefined && { metadata: { user_id: user as string } }),
  };
}

function choiceOf(wish: Wish | undefined): ToolChoice | undefined {
  const choice = wish?.toolChoice;
  const one = wish?.fields.parallel_tool_calls === false;
  const single = one && ({ disable_parallel_tool_use: true } as const);
  if (choice === undefined) return one ? { type: "auto", ...single } : undefined;
  if (choice === "none") return { type: "none" };
  if (choice === "auto") return { type: "auto", ...single };
  if (choice === "required") return { type: "any", ...single };
  if ("name" in choice) return { type: "tool", name: choice.name, ...single };
  return { type: choice.mode === "auto" ? "auto" : "any", ...single };
}
