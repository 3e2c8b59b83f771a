// A scripted OpenAI-compatible model on loopback. It lives in the rig's process, so it outlives every daemon that is
// killed, and it is the only witness of how often an answer was really asked for.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import {
  type ChatBody,
  keyOf,
  type Place,
  promptOf,
  type Reply,
  replyByDirective,
  turnOf,
} from "./directive.ts";
import { createGates } from "./gates.ts";
import { sendFault, sendStreamed, sendWhole } from "./stub-wire.ts";

/** One request the stub saw. Times are epoch milliseconds with fractions, to compare with rows of the daemon. */
export interface StubCall extends Place {
  readonly order: number;
  readonly body: ChatBody;
  readonly authorization: string | undefined;
  readonly startedAt: number;
  endedAt: number | null;
  end: "open" | "answered" | "faulted" | "client_gone";
}

export type Script = (body: ChatBody, place: Place) => Reply;

export interface StubModel {
  readonly baseUrl: string;
  /** Every chat request, in order of arrival. */
  readonly calls: readonly StubCall[];
  /** How many times `key` was asked for, at one turn or over all of them. */
  count(key: string, turn?: number): number;
  /** Replaces the script; by default the prompt's directives decide. */
  use(script: Script): void;
  /** Resolves with the call that waits at the gate, as soon as one does. */
  reached(gate: string, deadlineMs?: number): Promise<StubCall>;
  /** Lets through whoever waits at the gate, now and later. */
  open(gate: string): void;
  openAll(): void;
  close(): Promise<void>;
}

export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

export async function startStubModel(script: Script = replyByDirective): Promise<StubModel> {
  const calls: StubCall[] = [];
  const counts = new Map<string, number>();
  const gates = createGates<StubCall>();
  let current = script;
  const record = (body: ChatBody, authorization: string | undefined): StubCall => {
    const key = keyOf(promptOf(body));
    const turn = turnOf(body);
    const nth = counts.get(`${key} ${turn}`) ?? 0;
    counts.set(`${key} ${turn}`, nth + 1);
    const order = calls.length;
    const call: StubCall = {
      ...{ key, turn, nth, order, body, authorization },
      ...{ startedAt: wallMs(), endedAt: null, end: "open" },
    };
    calls.push(call);
    return call;
  };
  const server = createServer((request, response) => {
    void serve(request, response, { record, hold: gates.pass, script: () => current });
  });
  await listen(server);
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    count: (key, turn) =>
      calls.filter((call) => call.key === key && (turn === undefined || call.turn === turn)).length,
    use: (next) => {
      current = next;
    },
    reached: gates.reached,
    open: gates.open,
    openAll: gates.openAll,
    close: () => closeServer(server),
  };
}

interface Desk {
  readonly record: (body: ChatBody, authorization: string | undefined) => StubCall;
  readonly hold: (gate: string | undefined, call: StubCall) => Promise<void>;
  readonly script: () => Script;
}

async function serve(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  const text = await readBody(request).catch(() => undefined);
  if (text === undefined) return;
  if (request.method === "GET" && request.url?.endsWith("/models")) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ object: "list", data: [{ id: "m", object: "model", created: 1, owned_by: "stub" }] }),
    );
    return;
  }
  if (request.method !== "POST" || !request.url?.endsWith("/chat/completions")) {
    response.writeHead(404, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: `the stub has no ${request.method} ${request.url}` } }));
    return;
  }
  const body = JSON.parse(text) as ChatBody;
  const call = desk.record(body, request.headers.authorization);
  response.on("close", () => {
    call.endedAt = wallMs();
    if (call.end === "open") call.end = "client_gone";
  });
  const reply = desk.script()(body, call);
  if (reply.delayMs) await pause(reply.delayMs);
  await desk.hold(reply.gate, call);
  if (response.destroyed) return;
  if (reply.fault) {
    call.end = reply.fault === "hang" ? "open" : "faulted";
    sendFault(response, reply.fault, reply.retryAfterSeconds);
    return;
  }
  if (body.stream) {
    await sendStreamed(response, body, reply, () => desk.hold(reply.midGate, call));
  } else {
    await desk.hold(reply.midGate, call);
    if (!response.destroyed) sendWhole(response, body, reply);
  }
  if (!response.destroyed) call.end = "answered";
}

/** The whole request body; fails when the sender went away before it was complete. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  if (!request.complete) throw new Error("the request broke off");
  return Buffer.concat(parts).toString("utf8");
}

/** Binds a free loopback port. Idle connections are kept, so that no request of a test meets a closing socket. */
export function listen(server: Server): Promise<void> {
  server.keepAliveTimeout = 120_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
