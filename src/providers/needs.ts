// What a client's own request needs of a vendor beyond a plain conversation, each with its place in the request. A vendor
// says what it honours; the first need that it does not is its lack, and it must not be asked.

import type { ContentPart, Message, ToolSpec } from "../domain/message.ts";
import type { Wish } from "../domain/passage.ts";
import type { Sampling } from "../domain/task.ts";
import type { Lack, ModelRequest } from "./provider.ts";

/** Closed: every field of a request is one of these, or in every vendor's reach. */
export type Need =
  | keyof typeof SAMPLING_NEEDS
  | "allowed_tools"
  | "effort:none"
  | "effort:minimal"
  | "effort:low"
  | "effort:medium"
  | "effort:high"
  | "effort:xhigh"
  | "effort:max"
  | "forced_tool"
  | "image_detail"
  | "image_url"
  | "json_object"
  | "json_schema"
  | "logit_bias"
  | "metadata"
  | "no_parallel_tool_calls"
  | "no_tool_call"
  | "prediction"
  | "prompt_cache_key"
  | "prompt_cache_options"
  | "prompt_cache_retention"
  | "safety_identifier"
  | "service_tier"
  | "speaker"
  | "store"
  | "strict_tools"
  | "user"
  | "verbosity"
  | "warm";

interface Needed {
  readonly need: Need;
  readonly param: string;
}

const SAMPLING_NEEDS = {
  stop: "stop",
  seed: "seed",
  presence_penalty: "presencePenalty",
  frequency_penalty: "frequencyPenalty",
} as const satisfies Record<string, keyof Sampling>;

const OWN_FIELDS = [
  "logit_bias",
  "metadata",
  "prediction",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safety_identifier",
  "user",
  "verbosity",
] as const;

/** What the vendor `id` lacks for a client's own request; nothing is asked of it for any other. */
export function lackOf(id: string, honours: ReadonlySet<Need>, request: ModelRequest): Lack | undefined {
  const lack = needsOf(request).find(({ need }) => !honours.has(need));
  if (lack === undefined) return undefined;
  const what = lack.need.startsWith("effort:") ? `this ${lack.param}` : lack.param;
  const message = `${lack.param}: provider ${id} (${request.model}) cannot honour ${what}; leave it out, or name another model`;
  return { param: lack.param, message };
}

function needsOf({ messages, tools, sampling, wish }: ModelRequest): Needed[] {
  if (wish === undefined) return [];
  const { fields, format, toolChoice } = wish;
  const needs: Needed[] = messages.flatMap(needsOfMessage);
  const add = (need: Need, param: string = need): void => void needs.push({ need, param });
  for (const [index, tool] of tools.entries())
    if (tool.strict === true) add("strict_tools", `tools.${index}.function.strict`);
  if (toolChoice === "none") add("no_tool_call", "tool_choice");
  else if (toolChoice === "required") add("forced_tool", "tool_choice");
  else if (typeof toolChoice === "object" && "name" in toolChoice) add("forced_tool", "tool_choice");
  else if (typeof toolChoice === "object") {
    add("allowed_tools", "tool_choice");
    if (toolChoice.mode === "required") add("forced_tool", "tool_choice");
  }
  if (format !== undefined) add(format.type, "response_format");
  for (const [need, name] of Object.entries(SAMPLING_NEEDS))
    if (sampling[name] !== undefined) add(need as keyof typeof SAMPLING_NEEDS);
  if ((sampling.temperature ?? 0) > 1) add("warm", "temperature");
  for (const name of OWN_FIELDS) if (fields[name] !== undefined) add(name);
  // The default of each asks for nothing.
  if (fields.store === true) add("store");
  if (fields.parallel_tool_calls === false) add("no_parallel_tool_calls", "parallel_tool_calls");
  if (fields.service_tier !== undefined && fields.service_tier !== "auto") add("service_tier");
  if (fields.reasoning_effort !== undefined)
    add(`effort:${fields.reasoning_effort}` as Need, "reasoning_effort");
  return needs;
}

function needsOfMessage(message: Message, index: number): Needed[] {
  const at = `messages.${index}`;
  if (message.role === "tool") return [];
  const speaker: Needed[] = message.speaker === undefined ? [] : [{ need: "speaker", param: `${at}.name` }];
  if (message.role !== "user") return speaker;
  const parts = (message.parts ?? []).flatMap((part, place) => needsOfPart(part, `${at}.content.${place}`));
  return [...speaker, ...parts];
}

function needsOfPart(part: ContentPart, at: string): Needed[] {
  if (part.type === "text") return [];
  const { detail = "auto" } = part;
  return [
    ...(part.type === "image_url" ? [{ need: "image_url", param: `${at}.image_url.url` } as const] : []),
    ...(detail === "auto" ? [] : [{ need: "image_detail", param: `${at}.image_url.detail` } as const]),
  ];
}

/** A user's message in pieces, however it is kept. */
export function partsOf({
  text,
  images = [],
  parts,
}: Extract<Message, { role: "user" }>): readonly ContentPart[] {
  if (parts !== undefined) return parts;
  const shown = images.map((image) => ({ type: "image", ...image }) as const);
  return text === "" ? shown : [...shown, { type: "text", text }];
}

/** For vendors that cannot say which of the tools may be called: the others are not offered. */
export function offeredTools(tools: readonly ToolSpec[], wish: Wish | undefined): readonly ToolSpec[] {
  const choice = wish?.toolChoice;
  if (typeof choice !== "object" || !("allowed" in choice)) return tools;
  return tools.filter(({ name }) => choice.allowed.includes(name));
}
