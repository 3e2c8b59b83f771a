// Ollama's side of the wire: the lines of /api/chat, the abilities of /api/show, and its one-sentence errors.

import { createOllama } from "../../../src/providers/ollama.ts";
import type { Dialect, Refusal, Said, WireRefusal } from "./dialect.ts";

const line = (data: object): string =>
  `${JSON.stringify({ model: "qwen4:8b", created_at: "2026-11-20T10:00:00Z", ...data })}\n`;

function events({ text = [], reasoning = [], calls = [], stop = "stop", usage }: Said): string[] {
  const said = (message: object): string =>
    line({ message: { role: "assistant", content: "", ...message }, done: false });
  const out = [
    ...reasoning.map((thinking) => said({ thinking })),
    ...text.map((content) => said({ content })),
    ...calls.map(({ id, name, args }) =>
      said({ tool_calls: [{ ...(id && { id }), function: { name, arguments: JSON.parse(args) } }] }),
    ),
  ];
  if (stop === "none") return out;
  const { input = 0, output = 0 } = usage ?? {};
  const counts = { total_duration: 5, load_duration: 1, prompt_eval_count: input, eval_count: output };
  const reason = stop === "tool_calls" ? "stop" : stop;
  return [
    ...out,
    line({ message: { role: "assistant", content: "" }, done: true, done_reason: reason, ...counts }),
  ];
}

const REFUSED: Readonly<Record<Refusal, readonly [number, string]>> = {
  wrong_key: [401, "unauthorized"],
  unknown_model: [404, "model 'nope' not found"],
  bad_request: [400, "invalid message role"],
  context_length: [400, "input length exceeds the context length"],
  quota: [402, "you have reached your usage limit"],
  rate_limit: [429, "too many requests"],
  server_error: [500, "model runner has unexpectedly stopped"],
  overloaded: [503, "server busy, please try again. maximum pending requests exceeded"],
};

function refusal(kind: Refusal): WireRefusal {
  const [status, error] = REFUSED[kind];
  return { status, body: { error } };
}

export const ollama: Dialect = {
  type: "ollama",
  contentType: "application/x-ndjson",
  streamsArguments: false,
  counts: ["input", "output"],
  hasReasoning: true,
  key: "ollama-secret-1",
  open: (origin, timeoutMs, timeouts = {}) =>
    createOllama({ id: "ollama", apiKey: "ollama-secret-1", baseUrl: origin, timeoutMs, timeouts }),
  events,
  refusal,
  brokenEvent: '{"error":"model runner has unexpectedly stopped"}\n',
  garbledEvent: '{"model":"qwen4:8b","mess\n',
  aside: ({ path }) =>
    path.endsWith("/api/show") ? { capabilities: ["completion", "tools", "vision", "thinking"] } : undefined,
};
