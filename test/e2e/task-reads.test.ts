// Reading tasks: the shapes of the contract, filters, and pages that neither repeat nor miss anything.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, readTask, submit, type WireEvent, type WireTask } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;
let ids: string[];

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
  ids = [];
  for (let index = 0; index < 12; index++) {
    ids.push(await submit(daemon.client, `task r${index}${index % 4 === 3 ? " fault=400" : ""}`));
  }
  for (const id of ids) await ended(daemon.client, id);
});
afterAll(() => rig.close());

const RFC3339_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Page {
  readonly tasks: WireTask[];
  readonly next_cursor: string | null;
}

async function list(query: string): Promise<Page> {
  const reply = await daemon.client.get(`/api/v1/tasks${query}`);
  expect(reply.status, reply.text).toBe(200);
  return reply.json<Page>();
}

test("a task has the shape of the contract", async () => {
  const task = await readTask(daemon.client, ids[0]!);
  expect(task).toMatchObject({
    id: ids[0],
    agent_id: "default",
    state: "SUCCEEDED",
    attempt: 1,
    max_attempts: 3,
    priority: 0,
    prompt: "task r0",
    result: { text: "done r0" },
    usage: { output_tokens: 2, cached_tokens: 0 },
  });
  expect(task.usage.input_tokens).toBeGreaterThan(0);
  expect(task.created_at).toMatch(RFC3339_MS);
  expect(task.finished_at).toMatch(RFC3339_MS);
  expect("cost_usd" in task.usage).toBe(true);
  expect(task.error ?? null).toBeNull();
});

test("a failed task says its code and what to make of it", async () => {
  const task = await readTask(daemon.client, ids[3]!);
  expect(task.state).toBe("FAILED");
  expect(task.error?.code).toBe("PROVIDER_BAD_REQUEST");
  expect(task.error?.message).toContain("the stub dislikes this request");
  expect(task.result ?? null).toBeNull();
});

test("pages of tasks join to the whole list, newest first or oldest first, without repeats", async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await list(`?limit=5${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    expect(page.tasks.length).toBeLessThanOrEqual(5);
    seen.push(...page.tasks.map((task) => task.id));
    cursor = page.next_cursor;
  } while (cursor);
  expect(new Set(seen).size).toBe(seen.length);
  expect([...seen].sort()).toEqual([...ids].sort());
  expect([ids, ids.toReversed()]).toContainEqual(seen);
});

test("state and agent filter", async () => {
  const failed = await list("?state=FAILED");
  expect(failed.tasks.map((task) => task.state)).toEqual(["FAILED", "FAILED", "FAILED"]);
  expect((await list("?agent=default&limit=100")).tasks).toHaveLength(ids.length);
  expect((await list("?agent=nobody")).tasks).toEqual([]);
  const session = (await readTask(daemon.client, ids[0]!)).session_id;
  expect((await list(`?session=${session}`)).tasks.map((task) => task.id)).toContain(ids[0]);
});

test("nonsense in a query is a 400, not an empty list", async () => {
  for (const query of ["?state=DANCING", "?limit=0", "?limit=x", "?limit=100000", "?cursor=%00"]) {
    expect([query, (await daemon.client.get(`/api/v1/tasks${query}`)).status]).toEqual([query, 400]);
  }
});

test("[OBS-002][STM-003][STM-004] events tell the whole story, in order, with a reason on every bad end", async () => {
  const id = await submit(daemon.client, "task story tools=now");
  await ended(daemon.client, id);
  const events = await readEvents(daemon.client, id);
  expect(events.map((event) => event.type)).toEqual([
    "task.enqueued",
    "task.claimed",
    "task.running",
    "model.end",
    "tool.start",
    "tool.end",
    "model.end",
    "task.succeeded",
  ]);
  expect(events.every((event) => event.task_id === id && RFC3339_MS.test(event.at))).toBe(true);
  expect(events.map((event) => event.seq)).toEqual(rig.read((db) => db.events(id).map((event) => event.seq)));
  const failed = await readEvents(daemon.client, ids[3]!);
  expect(failed.at(-1)).toMatchObject({ state_to: "FAILED", reason_code: "PROVIDER_BAD_REQUEST" });
});

test("pages of events join to the whole chain", async () => {
  const whole = await readEvents(daemon.client, ids[0]!);
  const seen: WireEvent[] = [];
  let cursor: string | number | null | undefined;
  do {
    const query = `?limit=2${cursor ? `&cursor=${cursor}` : ""}`;
    const reply = await daemon.client.get(`/api/v1/tasks/${ids[0]}/events${query}`);
    const page = reply.json<{ events: WireEvent[]; next_cursor: string | number | null }>();
    expect(page.events.length).toBeLessThanOrEqual(2);
    seen.push(...page.events);
    cursor = page.next_cursor;
  } while (cursor);
  expect(seen).toEqual(whole);
});

test("what does not exist is a 404", async () => {
  const id = "0190b6e0-0000-7000-8000-000000000000";
  for (const path of [`/api/v1/tasks/${id}`, `/api/v1/tasks/${id}/events`, "/api/v1/tasks/x"]) {
    const reply = await daemon.client.get(path);
    expect([reply.status, reply.json<{ error: { code: string } }>().error.code]).toEqual([
      404,
      "TASK_NOT_FOUND",
    ]);
  }
});
