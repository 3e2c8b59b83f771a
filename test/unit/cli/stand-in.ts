// What a command needs, without a process: outputs that are kept, signals that a test sends, and a small HTTP server in
// the place of the daemon whose answers a test decides.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context, Output, Signal } from "../../../src/cli/context.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import { GoclawError } from "../../../src/domain/error.ts";
import type { WireEvent, WireTask } from "../../../src/rpc/wire.ts";
import { systemClock, systemRandom } from "../../../src/system.ts";

export interface Kept extends Output {
  text(): string;
}

export function keep(shape: Partial<Output> = {}): Kept {
  let kept = "";
  return {
    isTerminal: false,
    columns: undefined,
    colors: false,
    ...shape,
    write: (text) => {
      kept += text;
    },
    text: () => kept,
  };
}

export interface FakeContext extends Context {
  readonly stdout: Kept;
  readonly stderr: Kept;
  signal(signal: Signal): void;
}

export function fakeContext(parts: Partial<Context> & { readonly stdout?: Kept } = {}): FakeContext {
  const listeners = new Set<(signal: Signal) => void>();
  return {
    env: {},
    stderr: keep(),
    readStdin: async () => new Uint8Array(),
    readLine: undefined,
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    clock: systemClock,
    random: systemRandom,
    version: () => "1.2.3",
    program: ["/nonexistent"],
    startDaemon: async () => {
      throw new GoclawError("INTERNAL", "a daemon was started");
    },
    checkDatabase: async () => {
      throw new Error("not in this test");
    },
    readAudit: async () => [],
    testModel: async () => {
      throw new Error("not in this test");
    },
    drillModels: async () => [],
    toolNames: async () => [],
    ...parts,
    stdout: parts.stdout ?? keep(),
    signal: (signal) => {
      for (const listener of [...listeners]) listener(signal);
    },
  } as FakeContext;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface StandIn {
  readonly home: string;
  readonly address: string;
  /** `GET /path?query` of every request but /livez, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** A server that owns a home as a daemon would; `answer` gets every request but /livez. */
export async function openStandIn(answer: Answer): Promise<StandIn> {
  const home = mkdtempSync(join(tmpdir(), "goclaw-cli-"));
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (request.url === "/livez") return void response.end('{"ok":true}');
    asked.push(`${request.method} ${request.url}`);
    answer(request, response, Buffer.concat(parts).toString());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const paths = resolvePaths(home);
  mkdirSync(paths.runDir);
  writeFileSync(paths.token, `${"t".repeat(32)}\n`);
  const run = { pid: process.pid, address, version: "1.2.3", boot_id: "boot", started_at: TIME };
  writeFileSync(paths.daemonJson, JSON.stringify(run));
  return {
    home,
    address,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(home, { recursive: true });
    },
  };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** Server-sent events: `[name, data, id?]` each. */
export function sendEvents(
  response: ServerResponse,
  events: readonly (readonly [string, unknown, number?])[],
): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  for (const [name, data, id] of events) {
    response.write(
      `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`,
    );
  }
}

export const TIME = "2026-01-31T09:00:00.000Z";
export const TASK_ID = "01a1f868-d9c7-71d3-9efb-d21f03562ad8";

export function wireTask(parts: Partial<WireTask> = {}): WireTask {
  return {
    id: TASK_ID,
    session_id: "01a1f868-d9c7-71d4-b227-bb01802bfcb6",
    trace_id: "01a1f868-d9c7-71d5-8a11-0c3a7be2f6d1",
    agent_id: "default",
    kind: "chat",
    state: "SUCCEEDED",
    attempt: 1,
    max_attempts: 3,
    priority: 0,
    prompt: "hello",
    usage: { input_tokens: 3, output_tokens: 4, cached_tokens: 0, cost_usd: null },
    created_at: TIME,
    available_at: TIME,
    ...parts,
  };
}

export function wireEvent(seq: number, parts: Partial<WireEvent> = {}): WireEvent {
  return {
    seq,
    task_id: TASK_ID,
    session_id: "s",
    trace_id: "t",
    type: "task.running",
    attempt: 1,
    payload: {},
    at: TIME,
    ...parts,
  };
}
