// OpenAI's side of the wire: the chunks of a streamed chat completion, and its errors.

import { createOpenAi } from "../../../src/providers/openai.ts";
import { type Dialect, type Refusal, type Said, sse, type WireRefusal } from "./dialect.ts";

function chunk(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish, logprobs: null }];
  return sse({ ...ENVELOPE, choices });
}

const ENVELOPE = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-6-mini-2026" };

function events({ text = [], reasoning = [], calls = [], stop = "stop", usage }: Said): string[] {
  const out = [
    chunk({ role: "assistant", content: "" }),
    ...reasoning.map((piece) => chunk({ reasoning_content: piece })),
    ...text.map((content) => chunk({ content })),
  ];
  for (const [index, { id = `call_${index}`, name, args }] of calls.entries()) {
    const half = Math.ceil(args.length / 2);
    const start = { index, ...(id !== null && { id }), type: "function", function: { name, arguments: "" } };
    out.push(chunk({ tool_calls: [start] }));
    for (const piece of [args.slice(0, half), args.slice(half)]) {
      out.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
    }
  }
  if (stop !== "none") out.push(chunk({}, stop === "filter" ? "content_filter" : stop));
  if (usage) out.push(sse({ ...ENVELOPE, choices: [], usage: counts(usage) }));
  if (stop !== "none") out.push(sse("[DONE]"));
  return out;
}

function counts({ input, output, cached, cacheWrite, reasoning }: NonNullable<Said["usage"]>) {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: cacheWrite },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

const TOO_LONG = "This model's maximum context length is 128000 tokens.";

const REFUSED: Readonly<Record<Refusal, readonly [number, string, string]>> = {
  wrong_key: [401, "invalid_api_key", "Incorrect API key provided: sk-openai-secret-1."],
  unknown_model: [404, "model_not_found", "The model `nope` does not exist"],
  bad_request: [400, "invalid_value", "Invalid value for 'messages'"],
  context_length: [400, "context_length_exceeded", TOO_LONG],
  quota: [429, "insufficient_quota", "You exceeded your current quota"],
  rate_limit: [429, "rate_limit_exceeded", "Rate limit reached for requests"],
  server_error: [500, "server_error", "The server had an error"],
  overloaded: [503, "server_error", "The engine is currently overloaded"],
};

function refusal(kind: Refusal): WireRefusal {
  const [status, code, message] = REFUSED[kind];
  return { status, body: { error: { message, type: code, param: null, code } } };
}

export const openai: Dialect = {
  type: "openai",
  contentType: "text/event-stream",
  streamsArguments: true,
  counts: ["input", "output", "cached", "cacheWrite", "reasoning"],
  hasReasoning: true,
  key: "sk-openai-secret-1",
  open: (origin, timeoutMs, timeouts = {}) =>
    createOpenAi({
      id: "openai",
      apiKey: "sk-openai-secret-1",
      baseUrl: `${origin}/v1`,
      timeoutMs,
      timeouts,
    }),
  events,
  refusal,
  brokenEvent: sse({ error: { message: "overloaded", type: "server_error", code: 503 } }),
  garbledEvent: 'data: {"choices": [{"del\n\n',
};
