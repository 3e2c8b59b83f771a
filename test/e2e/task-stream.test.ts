// The SSE stream of one task: everything that happened, once, in order, resumable from any point, and over when the
// task is over.

import type { EventSourceMessage } from "eventsource-parser";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import type { EventStream } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterAll(() => rig.close());

const NAMES = ["token", "status", "tool", "done", "error"];

function follow(id: string, lastEventId?: string): Promise<EventStream> {
  const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  return daemon.client.stream("GET", `/api/v1/task/stream?task_id=${id}`, { headers });
}

const ids = (events: readonly EventSourceMessage[]): number[] =>
  events.flatMap((event) => (event.id === undefined ? [] : [Number(event.id)]));

/** The text as a client puts it together: each piece at its turn and offset; a turn's end repeats the whole turn. */
function textOf(events: readonly EventSourceMessage[]): string {
  const turns: string[] = [];
  for (const event of events.filter((each) => each.event === "token")) {
    const { turn, offset, text } = JSON.parse(event.data) as { turn: number; offset: number; text: string };
    const before = turns[turn] ?? "";
    if (event.id === undefined) expect(offset).toBe(before.length);
    turns[turn] = before.slice(0, offset) + text;
  }
  return turns.join("");
}

test("a live stream carries the text as it comes, then done, and ends", async () => {
  const id = await submit(daemon.client, "task live words=40 gate=start midgate=half");
  const stream = await follow(id);
  rig.stub.open("start");
  expect(stream.status).toBe(200);
  expect(stream.headers["content-type"]).toContain("text/event-stream");
  await rig.stub.reached("half");
  await stream.first("a token before the model has finished", (event) => event.event === "token");
  expect(textOf(stream.events)).toMatch(/^w0 w1 /);
  rig.stub.open("half");
  const events = await stream.all();
  expect(textOf(events)).toMatch(/^w0 .* done live$/);
  expect(events.at(-1)?.event).toBe("done");
  expect(events.every((event) => NAMES.includes(event.event ?? ""))).toBe(true);
  expect(ids(events)).toEqual([...new Set(ids(events))].sort((a, b) => a - b));
});

test("Last-Event-ID gives exactly what came after it", async () => {
  const id = await submit(daemon.client, "task resumed tools=now,write_note");
  await ended(daemon.client, id);
  const whole = await (await follow(id)).all();
  const durable = whole.filter((event) => event.id !== undefined);
  expect(durable.length).toBeGreaterThan(5);
  expect(durable.some((event) => event.event === "tool")).toBe(true);
  for (const [index, event] of durable.entries()) {
    if (index === durable.length - 1) break;
    const rest = await (await follow(id, event.id)).all();
    expect(ids(rest)).toEqual(ids(durable.slice(index + 1)));
  }
});

test("[REL-004] a cut stream and its resumption together miss nothing, across a restart of the daemon", async () => {
  const id = await submit(daemon.client, "task cut tools=now gate=second@1");
  await rig.stub.reached("second");
  const before = await follow(id);
  const last = await before.first(
    "the tool's end",
    (event) => event.event === "tool" && event.id !== undefined,
  );
  before.close();
  await daemon.kill();
  daemon = await rig.start();
  const after = await follow(id, last.id);
  rig.stub.open("second");
  const events = await after.all();
  const seen = ids(before.events).filter((seq) => seq <= Number(last.id));
  const rows = rig.read((db) => db.events(id).map((event) => event.seq));
  expect([...seen, ...ids(events)]).toEqual(
    rows.filter((seq) => seen.includes(seq) || seq > Number(last.id)),
  );
  expect(events.at(-1)?.event).toBe("done");
});

test("a stream of a failed task ends with the error's code", async () => {
  const id = await submit(daemon.client, "task failed fault=400");
  const events = await (await follow(id)).all();
  expect(events.at(-1)?.event).toBe("error");
  expect(events.at(-1)?.data).toContain("PROVIDER_BAD_REQUEST");
});

test("a stream of a dead-lettered task ends too", async () => {
  const id = await submit(daemon.client, "task buried fault=500", { max_attempts: 2 });
  const events = await (await follow(id)).all();
  expect(events.at(-1)?.event).toBe("error");
  expect(events.at(-1)?.data).toContain("DEAD_LETTER_MAX_ATTEMPTS");
});

test("a stream of a canceled task ends when it is canceled", async () => {
  const id = await submit(daemon.client, "task stopped gate=never");
  const stream = await follow(id);
  await rig.stub.reached("never");
  await daemon.client.post(`/api/v1/tasks/${id}/cancel`);
  const events = await stream.all();
  expect(events.at(-1)?.data).toMatch(/CANCELED|ABORTED/);
});

test("a stream that nobody can have says why", async () => {
  expect((await daemon.client.get("/api/v1/task/stream?task_id=nothing")).status).toBe(404);
  expect((await daemon.client.get("/api/v1/task/stream")).status).toBe(400);
  const id = await submit(daemon.client, "task odd-cursor");
  expect((await follow(id, "not-a-number")).status).toBe(400);
});
