// An HTTP server that plays one scripted exchange: for everything a model's server can do wrong on the wire, byte by
// byte where it matters.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { closeServer, listen, readBody } from "../support/stub-model.ts";
import { createSignal, type Signal } from "../support/wait.ts";

export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

export type Play = (response: ServerResponse, asked: Asked) => void | Promise<void>;

export interface ModelServer {
  readonly baseUrl: string;
  readonly asked: readonly Asked[];
  /** Resolves when a request has arrived. */
  arrived(): Promise<Asked>;
  play(play: Play): void;
  close(): Promise<void>;
}

export async function startModelServer(): Promise<ModelServer> {
  const asked: Asked[] = [];
  let current: Play = (response) => void response.end();
  let arrival: Signal<Asked> = createSignal();
  const server = createServer(async (request, response) => {
    const text = await readBody(request).catch(() => "{}");
    const one = { path: request.url ?? "", headers: request.headers, body: JSON.parse(text) };
    asked.push(one);
    arrival.give(one);
    await current(response, one);
  });
  await listen(server);
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    arrived: () => arrival.promise,
    play: (play) => {
      current = play;
      arrival = createSignal();
      asked.length = 0;
    },
    close: () => closeServer(server),
  };
}

export function chunk(delta: object, finishReason: string | null = null, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason, logprobs: null }];
  const base = { id: "c", object: "chat.completion.chunk", created: 1, model: "served-model", choices };
  return `data: ${JSON.stringify({ ...base, ...more })}\n\n`;
}

export function usageChunk(usage: object): string {
  return chunk({}, null, { choices: [], usage });
}

export const DONE = "data: [DONE]\n\n";

/** A whole stream in one piece. */
export function stream(...pieces: readonly string[]): Play {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(pieces.join(""));
  };
}

/** A stream that arrives in pieces of `size` bytes, each in a packet of its own. */
export function trickle(text: string, size: number): Play {
  return async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    (response.socket as Socket).setNoDelay(true);
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; from += size) {
      await new Promise<void>((resolve) => {
        response.write(bytes.subarray(from, from + size), () => setImmediate(resolve));
      });
    }
    response.end();
  };
}

export function errorReply(status: number, code: string, headers: Record<string, string> = {}): Play {
  return (response) => {
    const body = { error: { message: `the server says ${code}`, type: code, code, param: null } };
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

export function plainReply(status: number, contentType: string, text: string): Play {
  return (response) => {
    response.writeHead(status, { "content-type": contentType });
    response.end(text);
  };
}
