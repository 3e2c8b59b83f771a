// How a scripted answer travels: the OpenAI chat-completion wire format, whole or as server-sent events, and the ways
// in which a real provider breaks it. One answer has the same text and the same calls in both forms.

import type { ServerResponse } from "node:http";
import type { ChatBody, Fault, Reply } from "./directive.ts";

const CREATED = 1_700_000_000;
const PIECE = 7;

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** Token counts that depend on the request and the answer only, so that a test can foretell them. */
export function usageOf(body: ChatBody, reply: Reply): Usage {
  const prompt = body.messages.length * 10;
  const completion = Math.max(1, (reply.text ?? "").split(/\s+/).length) + (reply.toolCalls?.length ?? 0) * 5;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

interface WireError {
  readonly status: number;
  readonly message: string;
  readonly code: string;
}

const ERRORS = {
  "400": { status: 400, message: "the stub dislikes this request", code: "invalid_request_error" },
  "401": { status: 401, message: "incorrect API key", code: "invalid_api_key" },
  "429": { status: 429, message: "rate limit reached", code: "rate_limit_exceeded" },
  "500": { status: 500, message: "the stub fell over", code: "server_error" },
} as const satisfies Record<string, WireError>;

function sendError(response: ServerResponse, error: WireError, retryAfterSeconds: number | undefined): void {
  const { status, message, code } = error;
  const after = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  response.writeHead(status, { "content-type": "application/json", ...after });
  response.end(JSON.stringify({ error: { message, type: code, code, param: null } }));
}

export function sendFault(
  response: ServerResponse,
  fault: Fault,
  retryAfterSeconds: number | undefined,
): void {
  switch (fault) {
    case "429":
    case "500":
    case "400":
    case "401":
      sendError(response, ERRORS[fault], retryAfterSeconds);
      return;
    case "html":
      response.writeHead(502, { "content-type": "text/html" });
      response.end("<html><body><h1>502 Bad Gateway</h1></body></html>");
      return;
    case "badjson":
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"id":"chatcmpl-x","choices":[{"mess');
      return;
    case "reset":
      sendHalf(response, "half an", () => response.socket?.resetAndDestroy());
      return;
    case "cut":
      // A reset may overtake what was said before it; an end comes after it. Nothing that ends in a comma begins a secret.
      sendHalf(response, "half an,", () => response.destroy());
      return;
    case "billed":
      sendBilled(response, { content: "half an" }, null, () => response.destroy());
      return;
    case "refused":
      sendBilled(response, {}, "content_filter", () => response.end("data: [DONE]\n\n"));
      return;
    case "hang":
      return;
  }
}

function sendHalf(response: ServerResponse, content: string, end: () => void): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify(chunk("m", { role: "assistant", content }, null))}\n\n`, end);
}

/** What a call that comes to nothing is counted for. */
export const BILLED = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } as const satisfies Usage;

function sendBilled(response: ServerResponse, delta: object, finish: string | null, end: () => void): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const said = chunk("m", { role: "assistant", ...delta }, finish);
  const counted = { ...chunk("m", {}, null), choices: [], usage: BILLED };
  response.write(`data: ${JSON.stringify(said)}\n\ndata: ${JSON.stringify(counted)}\n\n`, end);
}

export function sendWhole(response: ServerResponse, body: ChatBody, reply: Reply): void {
  const calls = toolCallsOf(reply);
  const message = {
    role: "assistant",
    content: reply.text ?? null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(
    JSON.stringify({
      id: "chatcmpl-stub",
      object: "chat.completion",
      created: CREATED,
      model: body.model,
      choices: [{ index: 0, message, finish_reason: finishOf(reply), logprobs: null }],
      usage: usageOf(body, reply),
    }),
  );
}

/** Sends the answer in pieces; `halfWay` is awaited once, in the middle. Stops quietly when the reader is gone. */
export async function sendStreamed(
  response: ServerResponse,
  body: ChatBody,
  reply: Reply,
  halfWay: () => Promise<void>,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const send = (data: unknown): void => {
    if (!response.destroyed)
      response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  };
  send(chunk(body.model, { role: "assistant", content: "" }, null));
  const deltas = deltasOf(reply);
  for (const [index, delta] of deltas.entries()) {
    if (index === Math.floor(deltas.length / 2)) await halfWay();
    send(chunk(body.model, delta, null));
  }
  send(chunk(body.model, {}, finishOf(reply)));
  if (body.stream_options?.include_usage) {
    send({ ...chunk(body.model, {}, null), choices: [], usage: usageOf(body, reply) });
  }
  send("[DONE]");
  response.end();
}

function deltasOf(reply: Reply): object[] {
  const text = reply.text ?? "";
  const deltas: object[] = [];
  for (let from = 0; from < text.length; from += PIECE)
    deltas.push({ content: text.slice(from, from + PIECE) });
  for (const [index, call] of toolCallsOf(reply).entries()) {
    const args = call.function.arguments;
    const half = Math.ceil(args.length / 2);
    deltas.push({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: "" } }] });
    for (const piece of [args.slice(0, half), args.slice(half)]) {
      deltas.push({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
  return deltas;
}

function toolCallsOf(reply: Reply) {
  return (reply.toolCalls ?? []).map((call, index) => ({
    id: `call_${index}`,
    type: "function",
    function: {
      name: call.name,
      arguments: typeof call.args === "string" ? call.args : JSON.stringify(call.args),
    },
  }));
}

function finishOf(reply: Reply): string {
  return reply.toolCalls?.length ? "tool_calls" : "stop";
}

function chunk(model: string, delta: object, finishReason: string | null) {
  return {
    id: "chatcmpl-stub",
    object: "chat.completion.chunk",
    created: CREATED,
    model,
    choices: [{ index: 0, delta, finish_reason: finishReason, logprobs: null }],
  };
}
