// A provider on loopback that goes wrong on demand: the model's name says how. It speaks OpenAI's chat completions and
// counts what a vendor would have billed, so that a drill can compare it with what was answered.

import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const DRILL_FAULTS = [
  ...(["401", "402", "404", "429", "500", "529", "400", "too long", "refused"] as const),
  ...(["hang", "hang-up", "reset mid-stream", "malformed SSE", "HTML", "no finish reason"] as const),
] as const;
export type DrillFault = (typeof DRILL_FAULTS)[number];

export interface DrillUpstream {
  readonly baseUrl: string;
  /** Calls and billed tokens since the last look. */
  take(): { readonly calls: number; readonly billedTokens: number };
  close(): Promise<void>;
}

/** What one call costs: its prompt, and each piece of text that left. */
const PROMPT_TOKENS = 10;
const PIECES = ["The drill ", "is answered."];

export async function startDrillUpstream(): Promise<DrillUpstream> {
  let calls = 0;
  let billedTokens = 0;
  const bill = (tokens: number): void => {
    billedTokens += tokens;
  };
  const server = createServer(async (request, response) => {
    calls += 1;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { model } = JSON.parse(Buffer.concat(parts).toString("utf8")) as { model: string };
    const fault = DRILL_FAULTS.find((name) => name === model);
    await (fault === undefined ? answer(response, bill) : misbehave(response, fault, bill));
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    take: () => {
      const taken = { calls, billedTokens };
      calls = 0;
      billedTokens = 0;
      return taken;
    },
    close: () => close(server),
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

type Bill = (tokens: number) => void;

async function answer(response: ServerResponse, bill: Bill): Promise<void> {
  await begin(response, bill);
  for (const piece of PIECES) await say(response, piece, bill);
  const usage = { prompt_tokens: PROMPT_TOKENS, completion_tokens: PIECES.length };
  await send(response, chunk({}, "stop"));
  await send(response, { ...chunk({}, null), choices: [], usage: { ...usage, total_tokens: 12 } });
  response.end("data: [DONE]\n\n");
}

async function misbehave(response: ServerResponse, fault: DrillFault, bill: Bill): Promise<void> {
  switch (fault) {
    case "hang":
      return;
    case "hang-up":
      response.socket?.resetAndDestroy();
      return;
    case "HTML":
      response.writeHead(200, { "content-type": "text/html" }).end("<html><h1>Welcome</h1></html>");
      return;
    case "reset mid-stream":
      await begin(response, bill);
      await say(response, PIECES[0] ?? "", bill);
      response.socket?.resetAndDestroy();
      return;
    case "malformed SSE":
      await begin(response, bill);
      response.end('data: {"choices":[{"delta":{"conte\n\n');
      return;
    case "no finish reason":
      await begin(response, bill);
      await say(response, PIECES[0] ?? "", bill);
      response.end();
      return;
    case "refused":
      await begin(response, bill);
      await send(response, chunk({}, "content_filter"));
      response.end("data: [DONE]\n\n");
      return;
    case "too long":
      refuse(response, 400, "context_length_exceeded");
      return;
    case "404":
      refuse(response, 404, "model_not_found");
      return;
    default:
      refuse(response, Number(fault));
  }
}

function refuse(response: ServerResponse, status: number, code: string | null = null): void {
  const after = status === 429 ? { "retry-after": "1" } : {};
  const error = { message: `the drill answers ${status}`, type: "drill", code, param: null };
  response.writeHead(status, { "content-type": "application/json", ...after }).end(JSON.stringify({ error }));
}

async function begin(response: ServerResponse, bill: Bill): Promise<void> {
  bill(PROMPT_TOKENS);
  response.writeHead(200, { "content-type": "text/event-stream" });
  await send(response, chunk({ role: "assistant", content: "" }, null));
}

function say(response: ServerResponse, content: string, bill: Bill): Promise<void> {
  bill(1);
  return send(response, chunk({ content }, null));
}

/** Resolves when the bytes have left, so that a reset comes after them. */
function send(response: ServerResponse, data: object): Promise<void> {
  return new Promise((resolve) => {
    response.write(`data: ${JSON.stringify(data)}\n\n`, () => setImmediate(resolve));
  });
}

function chunk(delta: object, finishReason: string | null) {
  const choice = { index: 0, delta, finish_reason: finishReason };
  return { id: "drill", object: "chat.completion.chunk", created: 0, model: "drill", choices: [choice] };
}
