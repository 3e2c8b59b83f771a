// Anthropic's side of the wire: the named events of a streamed message, and its errors.

import { createAnthropic } from "../../../src/providers/anthropic.ts";
import type { Dialect, Refusal, Said, WireRefusal } from "./dialect.ts";

const MODEL = "claude-sonnet-5-5-20260901";

function event(name: string, data: Record<string, unknown>): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
}

function block(index: number, start: object, deltas: readonly object[]): string[] {
  return [
    event("content_block_start", { index, content_block: start }),
    ...deltas.map((delta) => event("content_block_delta", { index, delta })),
    event("content_block_stop", { index }),
  ];
}

function events({ text = [], reasoning = [], calls = [], stop = "stop", usage }: Said): string[] {
  let index = 0;
  const out: string[] = [];
  if (reasoning.length > 0) {
    const deltas = reasoning.map((thinking) => ({ type: "thinking_delta", thinking }));
    const signed = [...deltas, { type: "signature_delta", signature: "c2lnbmVk" }];
    out.push(...block(index++, { type: "thinking", thinking: "", signature: "" }, signed));
  }
  if (text.length > 0) {
    const deltas = text.map((piece) => ({ type: "text_delta", text: piece }));
    out.push(...block(index++, { type: "text", text: "" }, deltas));
  }
  for (const [position, { id = `toolu_01${position}`, name, args }] of calls.entries()) {
    const half = Math.ceil(args.length / 2);
    const deltas = ["", args.slice(0, half), args.slice(half)].map((piece) => ({
      type: "input_json_delta",
      partial_json: piece,
    }));
    out.push(...block(index++, { type: "tool_use", id, name, input: {} }, deltas));
  }
  return [
    event("message_start", { message: message(usage) }),
    event("ping", {}),
    ...out,
    ...(stop === "none" ? [] : ending(stop, usage)),
  ];
}

function message(usage: Said["usage"]) {
  const { input = 0, cached = 0, cacheWrite = 0 } = usage ?? {};
  return {
    id: "msg_01",
    type: "message",
    role: "assistant",
    model: MODEL,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: input - cached - cacheWrite,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: cacheWrite,
      output_tokens: 1,
    },
  };
}

const STOPS: Readonly<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  filter: "refusal",
};

function ending(stop: string, usage: Said["usage"]): string[] {
  const { output = 0, reasoning = 0 } = usage ?? {};
  const counts = { output_tokens: output, output_tokens_details: { thinking_tokens: reasoning } };
  return [
    event("message_delta", {
      delta: { stop_reason: STOPS[stop] ?? stop, stop_sequence: null },
      usage: counts,
    }),
    event("message_stop", {}),
  ];
}

const REFUSED: Readonly<Record<Refusal, readonly [number, string, string]>> = {
  wrong_key: [401, "authentication_error", "invalid x-api-key"],
  unknown_model: [404, "not_found_error", "model: claude-nope"],
  bad_request: [400, "invalid_request_error", "messages: roles must alternate"],
  context_length: [400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"],
  quota: [400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."],
  rate_limit: [429, "rate_limit_error", "This request would exceed your rate limit"],
  server_error: [500, "api_error", "Internal server error"],
  overloaded: [529, "overloaded_error", "Overloaded"],
};

function refusal(kind: Refusal): WireRefusal {
  const [status, type, text] = REFUSED[kind];
  return { status, body: { type: "error", error: { type, message: text }, request_id: "req_1" } };
}

export const anthropic: Dialect = {
  type: "anthropic",
  contentType: "text/event-stream; charset=utf-8",
  streamsArguments: true,
  counts: ["input", "output", "cached", "cacheWrite", "reasoning"],
  hasReasoning: true,
  key: "sk-ant-secret-1",
  open: (origin, timeoutMs, timeouts = {}) =>
    createAnthropic({ id: "anthropic", apiKey: "sk-ant-secret-1", baseUrl: origin, timeoutMs, timeouts }),
  events,
  refusal,
  brokenEvent: event("error", { error: { type: "overloaded_error", message: "Overloaded" } }),
  garbledEvent: 'event: content_block_delta\ndata: {"type":"content_bl\n\n',
};
