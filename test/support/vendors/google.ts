// Google's side of the wire: streamGenerateContent?alt=sse, whose events are whole responses, and google.rpc errors.

import { createGoogle } from "../../../src/providers/google.ts";
import { type Dialect, type Refusal, type Said, sse, type WireRefusal } from "./dialect.ts";

const STOPS: Readonly<Record<string, string>> = {
  stop: "STOP",
  length: "MAX_TOKENS",
  tool_calls: "STOP",
  filter: "SAFETY",
};

function response(parts: readonly object[], usage: Said["usage"], finishReason?: string): string {
  const { input = 0, output = 0, cached = 0, reasoning = 0 } = usage ?? {};
  return sse({
    candidates: [{ content: { role: "model", parts }, ...(finishReason && { finishReason }), index: 0 }],
    usageMetadata: {
      promptTokenCount: input,
      candidatesTokenCount: output - reasoning,
      cachedContentTokenCount: cached,
      thoughtsTokenCount: reasoning,
      totalTokenCount: input + output,
    },
    modelVersion: "gemini-3.8-flash-001",
    responseId: "r1",
  });
}

function events({ text = [], reasoning = [], calls = [], stop = "stop", usage }: Said): string[] {
  const parts = [
    ...reasoning.map((piece) => ({ text: piece, thought: true })),
    ...text.map((piece) => ({ text: piece })),
    ...calls.map(({ id, name, args }, index) => ({
      functionCall: { ...(id && { id }), name, args: JSON.parse(args) },
      ...(index === 0 && { thoughtSignature: "c2lnbmVk" }),
    })),
  ];
  const last = parts.length === 0 ? [{ text: "" }] : [];
  const finish = stop === "none" ? undefined : (STOPS[stop] ?? stop);
  const all = [...parts.map((part) => [part]), last].map((one) => response(one, usage));
  return finish === undefined ? all : [...all, response([{ text: "" }], usage, finish)];
}

const info = (reason: string) => ({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason });
const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34s" };
const quota = (quotaId: string) => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [{ quotaId }],
});
const TOO_LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).";
const perMinute = quota("GenerateRequestsPerMinutePerProjectPerModel");

const REFUSED: Readonly<Record<Refusal, readonly [number, string, string, readonly object[]]>> = {
  wrong_key: [400, "INVALID_ARGUMENT", "API key not valid.", [info("API_KEY_INVALID")]],
  unknown_model: [404, "NOT_FOUND", "models/nope is not found for API version v1", []],
  bad_request: [400, "INVALID_ARGUMENT", "Invalid JSON payload received.", []],
  context_length: [400, "INVALID_ARGUMENT", TOO_LONG, []],
  quota: [
    429,
    "RESOURCE_EXHAUSTED",
    "You exceeded your current quota.",
    [quota("GenerateRequestsPerDayPerModel")],
  ],
  rate_limit: [429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", [perMinute, retryInfo]],
  server_error: [500, "INTERNAL", "An internal error has occurred.", []],
  overloaded: [503, "UNAVAILABLE", "The model is overloaded.", []],
};

function refusal(kind: Refusal): WireRefusal {
  const [code, status, message, details] = REFUSED[kind];
  return { status: code, body: { error: { code, message, status, details } } };
}

export const google: Dialect = {
  type: "google",
  contentType: "text/event-stream",
  streamsArguments: false,
  counts: ["input", "output", "cached", "reasoning"],
  hasReasoning: true,
  key: "AIza-secret-1",
  open: (origin, timeoutMs, timeouts = {}) =>
    createGoogle({ id: "google", apiKey: "AIza-secret-1", baseUrl: `${origin}/v1beta`, timeoutMs, timeouts }),
  events,
  refusal,
  brokenEvent: sse({ error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }),
  garbledEvent: 'data: {"candidates": [{"con\n\n',
};
