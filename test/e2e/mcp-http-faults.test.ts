// An MCP server over HTTP that breaks and attacks, against the real daemon: its call ends within its limits, nothing is
// sent to another origin, and the daemon answers others meanwhile.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { approve } from "../support/mcp.ts";
import { type OddRig, openOdd, tool } from "../support/odd-rig.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { ended, taskWhere, type WireTask } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";

type Answer = (response: ServerResponse, id: unknown) => void;

const send = (response: ServerResponse, message: object): void => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ jsonrpc: "2.0", ...message }));
};

/** Writes for as long as somebody reads. */
function pour(response: ServerResponse, piece: string): void {
  const go = (): void => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once("drain", () => setImmediate(go));
  };
  go();
}

const openStream = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" });
};
const noted = (method: string): string =>
  `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", method, params: { level: "info", data: "x" } })}\n\n`;

let other: Server;
let reached: string[] = [];
const otherUrl = (): string => `http://127.0.0.1:${(other.address() as AddressInfo).port}/stolen`;

const ACTS: Readonly<Record<string, Answer>> = {
  hang: () => {},
  headers: (response) => void response.writeHead(200, { "content-type": "application/json" }).write(" "),
  huge: (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    pour(response, "x".repeat(65_536));
  },
  event: (response) => {
    openStream(response);
    response.write("event: message\ndata: ");
    pour(response, "x".repeat(65_536));
  },
  notes: (response) => {
    openStream(response);
    pour(response, noted("notifications/message").repeat(50));
  },
  changes: (response) => {
    openStream(response);
    pour(response, noted("notifications/tools/list_changed").repeat(50));
  },
  reset: (response) => void response.socket?.destroy(),
  html: (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
  half: (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
    response.write('{"jsonrpc":');
    setImmediate(() => response.socket?.destroy());
  },
  away: (response) => void response.writeHead(307, { location: otherUrl() }).end(),
  login: (response) => {
    const metadata = otherUrl();
    response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${metadata}"` }).end();
  },
  wrong: (response) => send(response, { id: 999_999, result: { content: [] } }),
  none: (response, id) => send(response, { id, result: { content: "text" } }),
  echo: (response, id) => send(response, { id, result: { content: [{ type: "text", text: "here" }] } }),
};

let server: Server;
let odd: OddRig;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  if (request.method !== "POST") return void response.writeHead(405).end();
  const { id, method, params } = JSON.parse(text) as {
    id?: number;
    method: string;
    params?: { name?: string };
  };
  if (id === undefined) return void response.writeHead(202).end();
  if (method === "initialize")
    return send(response, {
      id,
      result: {
        protocolVersion: "2025-06-18",
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: "web", version: "1" },
      },
    });
  if (method === "tools/list")
    return send(response, { id, result: { tools: Object.keys(ACTS).map((name) => tool(name)) } });
  if (method !== "tools/call")
    return send(response, { id, error: { code: -32601, message: "Method not found" } });
  ACTS[params?.name ?? ""]?.(response, id);
}

beforeEach(async () => {
  reached = [];
  server = createServer((request, response) => void answer(request, response).catch(() => {}));
  other = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.end("{}");
  });
  await Promise.all([listen(server), listen(other)]);
  odd = await openOdd([]);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  odd.configure([{ name: "web", transport: "http", url, timeout_seconds: 1.5 }]);
  await odd.restart();
  await approve(odd.home, "web");
});
afterEach(async () => {
  await odd.rig.close();
  server.closeAllConnections();
  await Promise.all([closeServer(server), closeServer(other)]);
});

const settled = (task: WireTask): boolean =>
  task.state === "SUCCEEDED" || task.reason_code === "EFFECT_UNKNOWN";

test.each(Object.keys(ACTS).filter((name) => name !== "echo"))(
  verifies(
    "SEC-004",
    row(["H-22", "I-13"], "a server that answers with `%s` ends its call, and the next one is answered"),
  ),
  async (name) => {
    const rss = await memoryOf();
    const id = await odd.ask({ name: `mcp__web__${name}`, args: {} });
    const { client } = odd.daemon;
    await taskWhere(client, id, "ends or asks", settled, 15_000);
    const started = performance.now();
    expect((await client.get("/livez")).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(500);
    expect((await memoryOf()) - rss).toBeLessThan(150 * 1_048_576);
    expect(reached).toEqual([]);
    const next = await odd.ask({ name: "mcp__web__echo", args: {} });
    await ended(client, next);
    expect(odd.toldLast()).toEqual(["here"]);
  },
);

async function memoryOf(): Promise<number> {
  const { readFileSync } = await import("node:fs");
  const pages = Number(readFileSync(`/proc/${odd.daemon.run.pid}/statm`, "utf8").split(" ")[1]);
  return pages * 4_096;
}
