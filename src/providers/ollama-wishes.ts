// What Ollama honours of a client's own request beyond a conversation, and how it is told so. What depends on the model
// is known only when the server has told what the model can do.

import type { ChatRequest } from "ollama/browser";
import type { ToolSpec } from "../domain/message.ts";
import type { Ability } from "../domain/model.ts";
import type { Wish } from "../domain/passage.ts";
import type { Need } from "./needs.ts";

export type Abilities = ReadonlySet<Ability>;

export const OLLAMA_HONOURS: ReadonlySet<Need> = new Set([
  ...(["allowed_tools", "no_tool_call", "json_object", "json_schema", "warm"] as const),
  ...(["stop", "seed", "presence_penalty", "frequency_penalty"] as const),
  ...(["effort:none", "effort:low", "effort:medium", "effort:high"] as const),
] satisfies Need[]);

/** What the model lacks for the request, in words that follow its name. */
export function ineptFor(wish: Wish, tools: readonly ToolSpec[], abilities: Abilities): string | undefined {
  if (tools.length > 0 && !abilities.has("tools"))
    return "cannot use tools: leave out tools, or take a model that can";
  const { reasoning_effort: effort } = wish.fields;
  if (effort === undefined || effort === "none" || abilities.has("reasoning")) return undefined;
  return "does not think: leave out reasoning_effort, or take a model that does";
}

export function toWishes({ format, fields }: Wish): Partial<ChatRequest> {
  const { reasoning_effort: effort } = fields;
  return {
    ...(format?.type === "json_object" && { format: "json" }),
    ...(format?.type === "json_schema" && { format: format.schema }),
    ...(effort !== undefined && { think: effort === "none" ? false : (effort as "low" | "medium" | "high") }),
  };
}
