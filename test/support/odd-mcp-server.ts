// A scripted MCP server that misbehaves on request. It speaks the wire by hand, so that it can break it. Its first
// argument is a JSON file with the tools it lists, read again at every list; what a tool does goes by its name.

import { spawn } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";

interface Request {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Record<string, unknown> };
  readonly result?: unknown;
  readonly error?: unknown;
}

const [toolsFile = "", ledger] = process.argv.slice(2);
const replies: unknown[] = [];

const write = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const say = (id: Request["id"], text: string): void =>
  write({ id, result: { content: [{ type: "text", text }] } });

/** Writes for as long as somebody reads. */
function pour(piece: string): void {
  const go = (): void => {
    while (process.stdout.write(piece));
    process.stdout.once("drain", go);
  };
  go();
}

const ACTS: Record<string, (id: Request["id"], args: Record<string, unknown>) => unknown> = {
  env: (id) => say(id, JSON.stringify(process.env)),
  pid: (id) => say(id, String(process.pid)),
  die: () => process.exit(3),
  hang: () => {},
  flood: () => pour("x".repeat(65_536)),
  stray: () => pour("this is no message\n"),
  notify: () =>
    pour(
      `${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } })}\n`.repeat(
        100,
      ),
    ),
  big: (id) => say(id, "x".repeat(20_000_000)),
  long: (id) => say(id, "y".repeat(4_000_000)),
  many: (id) => write({ id, result: { content: Array(100_000).fill({ type: "text", text: "z" }) } }),
  link: (id) =>
    write({
      id,
      result: { content: [{ type: "resource_link", uri: "file:///etc/passwd", name: "passwd" }] },
    }),
  twice: (id) => {
    say(4_711, "to nobody");
    say(id, "first");
    say(id, "second");
  },
  wants: () => {
    for (const [index, method] of ["sampling/createMessage", "elicitation/create", "roots/list"].entries())
      write({ id: `want-${index}`, method, params: {} });
  },
  announce: (id) => {
    write({ method: "notifications/tools/list_changed" });
    say(id, "announced");
  },
  stderr: (id) => {
    process.stderr.write("complaint: Bearer abcdefghijklmnopqrstuvwxyz\n".repeat(1_000));
    say(id, "complained");
  },
  // Its own secret, across the length that is kept of a line.
  whisper: (id) => {
    process.stderr.write(`${"w".repeat(480)}${process.env.API_TOKEN}\n`);
    say(id, "whispered");
  },
  spawn: (id) => say(id, String(spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }).pid)),
  reach: async (id, { outside, inside, port }) => {
    const attempt = async (act: () => Promise<unknown>): Promise<string> =>
      act().then(
        () => "done",
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
    const connect = () =>
      new Promise((resolve, reject) => {
        createConnection(Number(port), "127.0.0.1").once("connect", resolve).once("error", reject);
      });
    const ends = {
      write_outside: await attempt(() => writeFile(`${outside}/x`, "x")),
      write_system: await attempt(() => writeFile("/usr/x", "x")),
      read_outside: await attempt(() => readFile(`${outside}/auth.token`)),
      write_inside: await attempt(() => writeFile(`${inside}/x`, "x")),
      connect: await attempt(connect),
      processes: (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).length,
    };
    say(id, JSON.stringify(ends));
  },
  refuse: (id) => write({ id, error: { code: -32000, message: "not today" } }),
};

let wanting: Request["id"];

function take(message: Request): void {
  const { id, method, params } = message;
  if (method === undefined) {
    replies.push(message.error ?? message.result);
    if (replies.length === 3) say(wanting, JSON.stringify(replies));
    return;
  }
  if (method === "initialize") {
    const serverInfo = { name: "odd", version: "1" };
    write({
      id,
      result: { protocolVersion: "2025-06-18", capabilities: { tools: { listChanged: true } }, serverInfo },
    });
  } else if (method === "tools/list") {
    write({ id, result: { tools: JSON.parse(readFileSync(toolsFile, "utf8")) } });
  } else if (method === "tools/call") {
    const { name = "", arguments: args = {} } = params ?? {};
    if (ledger !== undefined) appendFileSync(ledger, `${name}\n`);
    if (name === "wants") wanting = id;
    (ACTS[name] ?? (() => say(id, `did ${name} ${JSON.stringify(args)}`)))(id, args);
  } else if (method === "notifications/cancelled" && ledger !== undefined) {
    appendFileSync(ledger, "canceled\n");
  } else if (process.env.STRICT !== undefined && method === "server/discover") {
    process.exit(2);
  } else if (id !== undefined) write({ id, error: { code: -32601, message: "Method not found" } });
}

createInterface({ input: process.stdin }).on("line", (line) => take(JSON.parse(line) as Request));
