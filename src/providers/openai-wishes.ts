// What chat completions honour of a client's own request beyond a conversation, and how they are told so.

import type OpenAI from "openai";
import type { AnswerFormat, ToolChoice, Wish } from "../domain/passage.ts";
import type { Need } from "./needs.ts";

/** A request in the same protocol goes out field by field as it came. */
export const CHAT_HONOURS: ReadonlySet<Need> = new Set([
  ...(["allowed_tools", "forced_tool", "no_tool_call", "no_parallel_tool_calls", "strict_tools"] as const),
  ...(["effort:none", "effort:minimal", "effort:low", "effort:medium", "effort:high"] as const),
  ...(["effort:xhigh", "effort:max", "verbosity", "warm", "stop", "seed", "logit_bias"] as const),
  ...(["presence_penalty", "frequency_penalty", "json_object", "json_schema", "prediction"] as const),
  ...(["image_url", "image_detail", "speaker", "user", "safety_identifier", "metadata", "store"] as const),
  ...(["prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier"] as const),
] satisfies Need[]);

export function toWishes({ toolChoice, format, fields }: Wish): object {
  return {
    ...fields,
    ...(toolChoice !== undefined && { tool_choice: toChoice(toolChoice) }),
    ...(format !== undefined && { response_format: toGivenFormat(format) }),
  };
}

function toChoice(choice: ToolChoice): OpenAI.ChatCompletionToolChoiceOption {
  if (typeof choice === "string") return choice;
  if ("name" in choice) return { type: "function", function: { name: choice.name } };
  const tools = choice.allowed.map((name) => ({ type: "function", function: { name } }));
  return { type: "allowed_tools", allowed_tools: { mode: choice.mode, tools } };
}

function toGivenFormat(format: AnswerFormat) {
  if (format.type === "json_object") return format;
  const { type, ...schema } = format;
  return { type, json_schema: schema };
}
