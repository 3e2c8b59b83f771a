// What arrives as bytes: sizes, shapes of JSON, framing tricks and odd paths. Each is answered once, with our error and
// no word about the inside, and the connection is closed where nobody can tell where the next request begins.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { type Daemon, runDaemonToExit } from "../support/daemon.ts";
import { headOf, type RawReply, sendRaw } from "../support/raw-http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;
let host: string;
let token: string;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
  host = `Host: ${daemon.run.address}`;
  token = `Authorization: Bearer ${daemon.client.token}`;
});
afterAll(() => rig.close());

const JSON_TYPE = "Content-Type: application/json";
const BODY = JSON.stringify({ agent: "default", prompt: "task smuggled" });
const send = (bytes: string): Promise<RawReply> => sendRaw(daemon.run.address, bytes);
const post = (...lines: string[]): string =>
  headOf("POST /api/v1/tasks HTTP/1.1", host, token, JSON_TYPE, ...lines);
const countTasks = (): number => rig.read((db) => db.tasks().length);
const residentKb = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.run.pid}/status`, "utf8"))?.[1]);

interface Refusal {
  readonly error: { readonly message: string; readonly type: string; readonly code: string };
}

/** One answer, our error in it, nothing of the inside, and the connection closed. */
function expectRefusal(reply: RawReply, statuses: readonly number[]): void {
  expect(reply.statuses).toHaveLength(1);
  expect(statuses).toContain(reply.statuses[0]);
  expect(reply.isClosed).toBe(true);
  const { error } = JSON.parse(reply.text.split("\r\n\r\n")[1] ?? "") as Refusal;
  expect(error.message.length).toBeGreaterThan(10);
  expect(reply.text).not.toMatch(/node_modules|\.ts:|fastify|FST_|HPE_|statusCode|at \w+ \(/i);
}

test(row("A-17", "what is larger than the limit is refused without being read"), async () => {
  await ended(daemon.client, await submit(daemon.client, "task warm"));
  const before = residentKb();
  expectRefusal(await send(post("Content-Length: 99999999999")), [413]);
  expectRefusal(await send(post("Content-Length: 99999999999999999999999")), [400]);
  expectRefusal(await send(post("Content-Length: -5") + BODY), [400]);
  expectRefusal(await send(post(`Content-Length: ${11 * 1024 * 1024}`)), [413]);
  const chunk = `${(65_536).toString(16)}\r\n${"x".repeat(65_536)}\r\n`;
  const endless = await send(post("Transfer-Encoding: chunked") + chunk.repeat(200));
  expect(endless.statuses).toEqual([413]);
  expect(endless.text).toContain("LIMIT_SIZE");
  expect((residentKb() - before) / 1024).toBeLessThan(40);
});

const SHAPES = [
  ["100,000 levels of arrays", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ["100,000 levels of objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
  ["300,000 keys", `{${Array.from({ length: 300_000 }, (_, index) => `"k${index}":1`).join(",")}}`],
  ["a number of 5 MB", `{"agent":"default","prompt":"x","priority":${"9".repeat(5_000_000)}}`],
  ["a key twice", '{"agent":"default","prompt":"one","prompt":"two"}'],
  ["a key twice, once escaped", '{"agent":"default","prompt":"one","pro\\u006dpt":"two"}'],
  ["a key twice, further in", '{"agent":"default","prompt":"one","schema":{"type":"object","type":"array"}}'],
] as const;

test.each(SHAPES)(row("A-18", "JSON with %s is refused, quickly"), async (_name, body) => {
  const before = countTasks();
  await daemon.client.get("/livez");
  const startedAt = performance.now();
  const reply = await daemon.client.post("/api/v1/tasks", body, { "content-type": "application/json" });
  const tookMs = performance.now() - startedAt;
  expect([reply.status, reply.json<Refusal>().error.code]).toEqual([400, "BAD_REQUEST"]);
  // 100 ms on a machine of its own.
  expect(tookMs).toBeLessThan(500);
  expect(countTasks()).toBe(before);
});

test(row("A-18", "JSON that only looks so is taken"), async () => {
  const prompt = `task shapes {"a":1,"a":2} ${"[".repeat(500)} \\" "prompt": ${"9".repeat(200)}`;
  const id = await submit(daemon.client, prompt);
  expect(rig.read((db) => db.tasks().filter((task) => task.id === id))).toHaveLength(1);
  await ended(daemon.client, id);
});

const SECOND = (): string => headOf("GET /livez HTTP/1.1", host);

const SMUGGLED: readonly (readonly [name: string, bytes: () => string])[] = [
  [
    "CL.TE",
    () => `${post(`Content-Length: ${BODY.length}`, "Transfer-Encoding: chunked")}0\r\n\r\n${SECOND()}`,
  ],
  ["TE.CL", () => `${post("Transfer-Encoding: chunked", "Content-Length: 4")}5c\r\n${BODY}\r\n0\r\n\r\n`],
  ["two lengths", () => post(`Content-Length: ${BODY.length}`, "Content-Length: 5") + BODY + SECOND()],
  ["TE: xchunked", () => `${post("Transfer-Encoding: xchunked")}0\r\n\r\n${SECOND()}`],
  ["TE: chunked, identity", () => `${post("Transfer-Encoding: chunked, identity")}0\r\n\r\n${SECOND()}`],
  [
    "a chunk's size that overflows",
    () => `${post("Transfer-Encoding: chunked")}fffffffffffffffff\r\n${SECOND()}`,
  ],
  ["a folded header", () => headOf("GET /livez HTTP/1.1", host, "X: a\r\n b") + SECOND()],
  ["bare line feeds", () => `GET /livez HTTP/1.1\n${host}\n\n${SECOND()}`],
  ["one bare line feed", () => `GET /livez HTTP/1.1\r\n${host}\nX: y\r\n\r\n${SECOND()}`],
  ["a space before the colon", () => headOf("GET /livez HTTP/1.1", host.replace(":", " :")) + SECOND()],
  ["a header without a name", () => headOf("GET /livez HTTP/1.1", host, ": x") + SECOND()],
  ["HTTP/2 in clear", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["TLS", () => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
];

test.each(SMUGGLED)(row("A-21", "%s is one refusal and the end of the connection"), async (_name, bytes) => {
  const before = countTasks();
  expectRefusal(await send(bytes()), [400]);
  expect(countTasks()).toBe(before);
});

const ODD: readonly (readonly [start: string, statuses: readonly number[]])[] = [
  ["PUT /api/v1/tasks", [404, 405]],
  ["TRACE /api/v1/tasks", [404, 405]],
  ["CONNECT evil.example:443", [404, 405]],
  ["OPTIONS *", [404, 405]],
  ["GET //v1//models", [404]],
  ["GET /v1/%2e%2e/admin", [404]],
  ["GET /api/v1/../v1/tasks", [404]],
  ["GET /v1/models;x", [404]],
  ["GET /V1/MODELS", [404]],
  ["GET /v1/models/", [404]],
  ["GET /api%2fv1%2ftasks", [404]],
  ["GET /api/v1/tasks/%zz", [400]],
  ["GET /api/v1/tasks/%00", [400, 404]],
  [`GET /${"a".repeat(65_536)}`, [414, 431]],
];

test.each(ODD)(row("A-22", "%s leads nowhere"), async (start, statuses) => {
  const reply = await sendRaw(daemon.run.address, headOf(`${start} HTTP/1.1`, host, token), { answers: 1 });
  expect(statuses).toContain(reply.statuses[0]);
  expect(reply.text).toContain('"code":"');
});

test(row("A-22", "the path that is let in is the path that is served"), async () => {
  const disguises = [
    "/livez/../api/v1/tasks",
    "/livez%2f..%2fapi/v1/tasks",
    "/%6civez",
    "/livez;x",
    "/LIVEZ",
  ];
  const more = [
    "/readyz#/livez",
    "/readyz?/livez",
    "/api/v1/tasks?x=/livez",
    "/livez%3f/x",
    "//livez",
    "/livez/",
  ];
  for (const path of [...disguises, ...more]) {
    const reply = await sendRaw(daemon.run.address, headOf(`GET ${path} HTTP/1.1`, host), { answers: 1 });
    expect([path, reply.statuses]).toEqual([path, [401]]);
  }
});

test.each(["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "localhost.evil.example:0"])(
  row("A-16", "--bind %s is refused and names what would allow it"),
  async (address) => {
    const own = await createRig();
    try {
      const { code, stderr } = await runDaemonToExit({ home: own.home, args: ["--bind", address] });
      expect(code).toBe(77);
      expect(stderr).toContain("gateway.allow_remote");
    } finally {
      await own.close();
    }
  },
);
