// Many connections, slow ones and guessed tokens: the daemon stays reachable for its owner, closes what only waits, and
// its answers tell nothing by their time.

import { readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import { createClient } from "../support/http.ts";
import { headOf, openSocket, readReplies } from "../support/raw-http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
let sockets: Socket[] = [];

beforeEach(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await rig.close();
});

async function openMany(count: number): Promise<Socket[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => openSocket(daemon.run.address)));
  sockets.push(...opened);
  // A socket that nobody reads does not notice its end.
  for (const socket of opened) socket.resume();
  return opened;
}

const living = (some: readonly Socket[]): number => some.filter((socket) => !socket.destroyed).length;

/** The p-th of 100 milliseconds that /livez takes, asked on a connection of its own each time. */
async function livezMs(times: number, percent: number): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < times; round++) {
    const client = createClient(daemon.client.url, daemon.client.token);
    const startedAt = performance.now();
    expect((await client.get("/livez")).status).toBe(200);
    taken.push(performance.now() - startedAt);
    client.close();
  }
  return taken.sort((a, b) => a - b)[Math.floor((times * percent) / 100)] ?? Number.NaN;
}

test(row("A-19", "headers and bodies that drip are given up, and nobody else waits for them"), async () => {
  const openedAt = performance.now();
  const [headers, bodies] = [await openMany(500), await openMany(3)];
  for (const socket of headers) socket.write("GET /livez HTTP/1.1\r\nX-Slow: ");
  const drip = setInterval(() => {
    for (const socket of headers) if (!socket.destroyed) socket.write("X");
  }, 5_000);
  const token = `Authorization: Bearer ${daemon.client.token}`;
  const host = `Host: ${daemon.run.address}`;
  const more = ["Content-Type: application/json", "Content-Length: 500"];
  for (const socket of bodies) socket.write(headOf("POST /api/v1/tasks HTTP/1.1", host, token, ...more));
  const trickle = setInterval(() => {
    for (const socket of bodies) if (!socket.destroyed) socket.write(" ");
  }, 1_000);
  try {
    expect(await livezMs(100, 99)).toBeLessThan(200);
    await until("the end of slow headers", () => living(headers) === 0, 16_000);
    expect(performance.now() - openedAt).toBeLessThan(15_000);
    expect(living(bodies)).toBe(3);
    await until("the end of slow bodies", () => living(bodies) === 0, 25_000);
    expect(performance.now() - openedAt).toBeLessThan(30_000);
  } finally {
    clearInterval(drip);
    clearInterval(trickle);
  }
  expect(rig.read((db) => db.tasks())).toEqual([]);
});

/** Descriptors of the daemon: a connection that the kernel keeps for it in its queue is none of them. */
const descriptors = (): number => readdirSync(`/proc/${daemon.run.pid}/fd`).length;

test(row("A-20", "2,000 idle connections are capped, and their owner still gets in"), async () => {
  const before = descriptors();
  await openMany(2_000);
  expect(await livezMs(20, 99)).toBeLessThan(500);
  expect((await daemon.client.get("/api/v1/tasks")).status).toBe(200);
  expect(descriptors() - before).toBeLessThanOrEqual(512);
  expect(descriptors() - before, "there is a crowd").toBeGreaterThan(60);
});

test(
  row(
    "A-20",
    "connections in use are not closed for new ones; a request at once from each of 300 is answered",
  ),
  async () => {
    const stream = await daemon.client.stream("POST", "/v1/chat/completions", {
      body: {
        model: "goclaw",
        stream: true,
        messages: [{ role: "user", content: "task kept midgate=kept words=30" }],
      },
    });
    const bytes = headOf("GET /api/v1/tasks HTTP/1.1", `Host: ${daemon.run.address}`);
    const strangers = await openMany(300);
    const replies = await Promise.all(
      strangers.map((socket) => readReplies(socket, () => socket.write(bytes), 1)),
    );
    expect(new Set(replies.map(({ statuses }) => statuses.join()))).toEqual(new Set(["401"]));
    await until("refused strangers to be let go", () => living(strangers) === 0);
    await openMany(700);
    rig.stub.open("kept");
    expect((await stream.all()).at(-1)?.data).toBe("[DONE]");
  },
);

test(row("A-15", "of 1,000 wrong tokens at most 50 are looked at; the right one is always"), async () => {
  const statuses: number[] = [];
  let rights = 0;
  for (let batch = 0; batch < 50; batch++) {
    const wrong = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        daemon.client.get("/api/v1/tasks", { headers: { authorization: `Bearer guess-${batch}-${index}` } }),
      ),
    );
    statuses.push(...wrong.map(({ status }) => status));
    const told = wrong.find(({ status }) => status === 429);
    if (told !== undefined) {
      expect(told.json<{ error: { code: string } }>().error.code).toBe("LIMIT_RATE");
      expect(Number(told.headers["retry-after"])).toBeGreaterThan(0);
    }
    if ((await daemon.client.get("/api/v1/tasks")).status === 200) rights++;
  }
  expect([statuses.filter((status) => status === 429).length, rights]).toEqual([950, 50]);
});

test(row("A-12", "how much of a token is right does not show in the time of the refusal"), async () => {
  const { token } = daemon.client;
  const far = token.replace(/./, (first) => (first === "a" ? "b" : "a"));
  const near = token.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
  const [bytesFar, bytesNear] = [far, near].map((guess) =>
    headOf("GET /api/v1/tasks HTTP/1.1", `Host: ${daemon.run.address}`, `X-API-Key: ${guess}`),
  );
  const took = { far: [] as number[], near: [] as number[] };
  for (let round = 0; round < 4_000; round++) {
    const isNear = (round + Math.floor(round / 2)) % 2 === 0;
    const [socket] = [await openSocket(daemon.run.address)];
    const startedAt = performance.now();
    await readReplies(socket, () => socket.write((isNear ? bytesNear : bytesFar) ?? ""), 1);
    took[isNear ? "near" : "far"].push(performance.now() - startedAt);
    socket.destroy();
  }
  expect(Math.abs(welch(trimmed(took.far), trimmed(took.near)))).toBeLessThan(4.5);
});

/** Without the slowest tenth, which is the machine's and not the program's. */
const trimmed = (values: readonly number[]): number[] =>
  [...values].sort((a, b) => a - b).slice(0, Math.floor(values.length * 0.9));

function welch(a: readonly number[], b: readonly number[]): number {
  const mean = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length;
  const spread = (some: readonly number[], middle: number): number =>
    some.reduce((sum, one) => sum + (one - middle) ** 2, 0) / (some.length - 1) / some.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  return (meanA - meanB) / Math.sqrt(spread(a, meanA) + spread(b, meanB));
}
