// What Gemini honours of a client's own request beyond a conversation, and how it is told so.

import type { FunctionCallingConfig, GenerateContentConfig, ThinkingConfig } from "@google/genai/web";
import type { ToolChoice, Wish } from "../domain/passage.ts";
import type { Need } from "./needs.ts";

export const GOOGLE_HONOURS: ReadonlySet<Need> = new Set([
  ...(["allowed_tools", "forced_tool", "no_tool_call", "json_object", "json_schema", "warm"] as const),
  ...(["stop", "seed", "presence_penalty", "frequency_penalty"] as const),
  ...(["effort:minimal", "effort:low", "effort:medium", "effort:high"] as const),
] satisfies Need[]);

export function toWishes(
  { toolChoice, format, fields }: Wish,
  model: string,
): Partial<GenerateContentConfig> {
  const { reasoning_effort: effort } = fields;
  return {
    ...(toolChoice !== undefined && { toolConfig: { functionCallingConfig: toCalling(toolChoice) } }),
    ...(format !== undefined && { responseMimeType: "application/json" }),
    ...(format?.type === "json_schema" && { responseJsonSchema: withoutDialect(format.schema) }),
    ...(effort !== undefined && {
      thinkingConfig: { includeThoughts: true, ...toThinking(effort as Effort, model) },
    }),
  };
}

type Mode = NonNullable<FunctionCallingConfig["mode"]>;

function toCalling(choice: ToolChoice): FunctionCallingConfig {
  if (choice === "none") return { mode: "NONE" as Mode };
  if (choice === "auto") return { mode: "AUTO" as Mode };
  if (choice === "required") return { mode: "ANY" as Mode };
  if ("name" in choice) return { mode: "ANY" as Mode, allowedFunctionNames: [choice.name] };
  // The tools that are not allowed are not offered.
  return { mode: (choice.mode === "auto" ? "AUTO" : "ANY") as Mode };
}

type Effort = "minimal" | "low" | "medium" | "high";

/** Of models before 3, which know no levels: the tokens that the vendor gives its own OpenAI face for each. */
const BUDGETS: Readonly<Record<Effort, number>> = { minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576 };

function toThinking(effort: Effort, model: string): ThinkingConfig {
  if (/gemini-2\.5/.test(model)) return { thinkingBudget: BUDGETS[effort] };
  return { thinkingLevel: effort.toUpperCase() as NonNullable<ThinkingConfig["thinkingLevel"]> };
}

export function withoutDialect({
  $schema,
  ...schema
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return schema;
}
