// Idempotency-Key: the same key and body is the same task, whenever and however often it is sent; another body is a
// conflict, never a second task.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterAll(() => rig.close());

const countTasks = (): number => rig.read((db) => db.tasks().length);

test("the same key and body names the same task, before and after it ended", async () => {
  const first = await submit(daemon.client, "task same", {}, "key-1");
  expect(await submit(daemon.client, "task same", {}, "key-1")).toBe(first);
  await ended(daemon.client, first);
  expect(await submit(daemon.client, "task same", {}, "key-1")).toBe(first);
  expect(rig.stub.count("task-same")).toBe(1);
});

test("the same key with another body is a conflict and runs nothing", async () => {
  await submit(daemon.client, "task one", {}, "key-2");
  const before = countTasks();
  for (const body of [
    { agent: "default", prompt: "task two" },
    { agent: "default", prompt: "task one", priority: 5 },
  ]) {
    const reply = await daemon.client.post("/api/v1/tasks", body, { "idempotency-key": "key-2" });
    expect(reply.status).toBe(409);
    expect(reply.json<{ error: { code: string } }>().error.code).toBe("IDEMPOTENCY_CONFLICT");
  }
  expect(countTasks()).toBe(before);
});

test("forty clients with one key get one task", async () => {
  const before = countTasks();
  const ids = await Promise.all(
    Array.from({ length: 40 }, () => submit(daemon.client, "task crowd", {}, "key-3")),
  );
  expect(new Set(ids).size).toBe(1);
  expect(countTasks()).toBe(before + 1);
});

test("the key still holds after a kill -9", async () => {
  const first = await submit(daemon.client, "task kept", {}, "key-4");
  await daemon.kill();
  daemon = await rig.start();
  expect(await submit(daemon.client, "task kept", {}, "key-4")).toBe(first);
  const conflict = await daemon.client.post(
    "/api/v1/tasks",
    { agent: "default", prompt: "task other" },
    { "idempotency-key": "key-4" },
  );
  expect(conflict.status).toBe(409);
});

test("without a key every submission is its own task", async () => {
  const ids = [await submit(daemon.client, "task plain"), await submit(daemon.client, "task plain")];
  expect(new Set(ids).size).toBe(2);
});

test("an empty or oversized key is refused instead of ignored", async () => {
  for (const key of ["", "k".repeat(5000)]) {
    const body = { agent: "default", prompt: "task bad-key" };
    const reply = await daemon.client.post("/api/v1/tasks", body, { "idempotency-key": key });
    expect(reply.status).toBe(400);
  }
});
