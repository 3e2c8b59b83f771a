// OpenAI's other side of the wire: the events of a streamed response, numbered and named as the vendor does, items with
// their beginnings and ends; and its errors, which are those of the chat completions.

import { createOpenAi } from "../../../src/providers/openai.ts";
import type { OpenAiSettings } from "../../../src/providers/openai-client.ts";
import type { Dialect, Said, SaidCall } from "./dialect.ts";
import { openai } from "./openai.ts";

type Fields = Readonly<Record<string, unknown>>;

const SECRET_THOUGHT = "c2lnbmVk";

/** One event of each item's life, still without its number. */
function reasoningEvents(index: number, pieces: readonly string[]): Fields[] {
  const at = { item_id: `rs_${index}`, output_index: index, summary_index: 0 };
  const told = { type: "summary_text", text: pieces.join("") };
  const item = { type: "reasoning", id: `rs_${index}`, summary: [], encrypted_content: "early" };
  return [
    { type: "response.output_item.added", output_index: index, item },
    { type: "response.reasoning_summary_part.added", ...at, part: { type: "summary_text", text: "" } },
    ...pieces.map((delta) => ({ type: "response.reasoning_summary_text.delta", ...at, delta })),
    { type: "response.reasoning_summary_text.done", ...at, text: told.text },
    { type: "response.reasoning_summary_part.done", ...at, part: told },
    {
      type: "response.output_item.done",
      output_index: index,
      item: { ...item, summary: [told], encrypted_content: SECRET_THOUGHT },
    },
  ];
}

function messageEvents(index: number, pieces: readonly string[]): Fields[] {
  const at = { item_id: `msg_${index}`, output_index: index, content_index: 0 };
  const part = { type: "output_text", annotations: [], logprobs: [], text: pieces.join("") };
  const item = { type: "message", id: `msg_${index}`, role: "assistant", phase: "final_answer" };
  return [
    {
      type: "response.output_item.added",
      output_index: index,
      item: { ...item, status: "in_progress", content: [] },
    },
    { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
    ...pieces.map((delta) => ({ type: "response.output_text.delta", ...at, delta, logprobs: [] })),
    { type: "response.output_text.done", ...at, text: part.text, logprobs: [] },
    { type: "response.content_part.done", ...at, part },
    {
      type: "response.output_item.done",
      output_index: index,
      item: { ...item, status: "completed", content: [part] },
    },
  ];
}

function callEvents(index: number, { id = `call_${index}`, name, args }: SaidCall): Fields[] {
  const at = { item_id: `fc_${index}`, output_index: index };
  const half = Math.ceil(args.length / 2);
  const item = { type: "function_call", id: `fc_${index}`, ...(id !== null && { call_id: id }), name };
  return [
    {
      type: "response.output_item.added",
      output_index: index,
      item: { ...item, status: "in_progress", arguments: "" },
    },
    ...[args.slice(0, half), args.slice(half)].map((delta) => ({
      type: "response.function_call_arguments.delta",
      ...at,
      delta,
    })),
    { type: "response.function_call_arguments.done", ...at, arguments: args },
    {
      type: "response.output_item.done",
      output_index: index,
      item: { ...item, status: "completed", arguments: args },
    },
  ];
}

const INCOMPLETE: Readonly<Record<string, string>> = {
  length: "max_output_tokens",
  filter: "content_filter",
};

function events({ text = [], reasoning = [], calls = [], stop = "stop", usage }: Said): string[] {
  const response = {
    id: "resp_1",
    object: "response",
    created_at: 1,
    model: "gpt-6-2026-05-01",
    error: null,
  };
  const items = [
    ...(reasoning.length > 0 ? [(index: number) => reasoningEvents(index, reasoning)] : []),
    ...(text.length > 0 ? [(index: number) => messageEvents(index, text)] : []),
    ...calls.map((call) => (index: number) => callEvents(index, call)),
  ].map((make, index) => make(index));
  const complete = ["stop", "tool_calls"].includes(stop);
  const status = complete ? "completed" : "incomplete";
  const last = {
    ...response,
    status,
    incomplete_details: complete ? null : { reason: INCOMPLETE[stop] ?? stop },
    output: items.map((item) => item.at(-1)?.item),
    usage: usage === undefined ? null : counts(usage),
  };
  const begun = { response: { ...response, status: "in_progress", output: [], usage: null } };
  return [
    { type: "response.created", ...begun },
    { type: "response.in_progress", ...begun },
    ...items.flat(),
    ...(stop === "none" ? [] : [{ type: `response.${status}`, response: last }]),
  ].map(named);
}

export function named(event: Fields, index = 0): string {
  return `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`;
}

function counts({ input, output, cached, cacheWrite, reasoning }: NonNullable<Said["usage"]>) {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

const KEY = "sk-openai-secret-1";

export function openResponses(origin: string, more: Partial<OpenAiSettings> = {}) {
  const own = { id: "responses", apiKey: KEY, baseUrl: `${origin}/v1`, timeoutMs: 10_000 };
  return createOpenAi({ api: "responses", ...own, ...more });
}

export const responses: Dialect = {
  type: "responses",
  contentType: "text/event-stream",
  streamsArguments: true,
  counts: ["input", "output", "cached", "cacheWrite", "reasoning"],
  hasReasoning: true,
  key: KEY,
  open: (origin, timeoutMs, timeouts = {}) => openResponses(origin, { timeoutMs, timeouts }),
  events,
  refusal: openai.refusal,
  brokenEvent: named({ type: "error", code: "server_error", message: "overloaded", param: null }),
  garbledEvent: 'event: response.output_text.delta\ndata: {"type": "respon\n\n',
};
