// What OpenAI's Responses honours of a client's own request beyond a conversation, and how it is told so.

import type { ResponseCreateParamsStreaming } from "openai/resources/responses/responses";
import type { AnswerFormat, ToolChoice, Wish } from "../domain/passage.ts";
import type { Need } from "./needs.ts";
import type { OpenAiSettings } from "./openai-client.ts";

export const RESPONSES_HONOURS: ReadonlySet<Need> = new Set([
  ...(["allowed_tools", "forced_tool", "no_tool_call", "no_parallel_tool_calls", "strict_tools"] as const),
  ...(["effort:none", "effort:minimal", "effort:low", "effort:medium", "effort:high"] as const),
  ...(["effort:xhigh", "effort:max", "verbosity", "warm", "json_object", "json_schema"] as const),
  ...(["image_url", "image_detail", "user", "safety_identifier", "metadata", "store"] as const),
  ...(["prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier"] as const),
] satisfies Need[]);

/** Fields that have the same name and meaning in both APIs. */
const SAME_FIELDS = [
  "metadata",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "user",
] as const;

type Body = Partial<ResponseCreateParamsStreaming>;

export function toWishes(
  { toolChoice, format, fields }: Wish,
  summary: OpenAiSettings["reasoningSummary"],
): Body {
  const { reasoning_effort: effort, verbosity } = fields;
  const same = SAME_FIELDS.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]]));
  const text = {
    ...(format !== undefined && { format: toFormat(format) }),
    ...(verbosity !== undefined && { verbosity }),
  };
  return {
    ...Object.fromEntries(same),
    ...(toolChoice !== undefined && { tool_choice: toChoice(toolChoice) }),
    ...(Object.keys(text).length > 0 && { text }),
    ...(effort !== undefined && { reasoning: { effort, ...(summary && { summary }) } }),
  } as Body;
}

function toFormat(format: AnswerFormat) {
  return format.type === "json_object" ? format : { ...format, schema: { ...format.schema } };
}

function toChoice(choice: ToolChoice): ResponseCreateParamsStreaming["tool_choice"] {
  if (typeof choice === "string") return choice;
  if ("name" in choice) return { type: "function", name: choice.name };
  const tools = choice.allowed.map((name) => ({ type: "function", name }));
  return { type: "allowed_tools", mode: choice.mode, tools };
}
