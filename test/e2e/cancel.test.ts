// Cancel: whatever the task is doing, it is over at once, and nothing it would have done is done afterwards.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readTask, submit, taskWhere, type WireTask } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;

beforeAll(async () => {
  rig = await createRig({ config: { worker_count: 1, retry: { base_ms: 60_000, max_ms: 60_000 } } });
  daemon = await rig.start();
});
afterAll(() => rig.close());

async function cancel(id: string): Promise<WireTask> {
  const reply = await daemon.client.post(`/api/v1/tasks/${id}/cancel`);
  expect(reply.status, reply.text).toBe(200);
  const task = await readTask(daemon.client, id);
  expect(task).toMatchObject({ state: "CANCELED", reason_code: "ABORTED" });
  return task;
}

test("[STM-005] a running task is aborted: the model call is hung up and no tool of it runs", async () => {
  const id = await submit(daemon.client, "task running tools=send_alert gate=running@0");
  const call = await rig.stub.reached("running");
  await cancel(id);
  await until("the stub to see the call hung up", () => call.end === "client_gone");
  rig.stub.open("running");
  const next = await submit(daemon.client, "task after");
  expect((await ended(daemon.client, next)).state).toBe("SUCCEEDED");
  expect(rig.sink.callsOf("task-running")).toEqual([]);
  expect((await readTask(daemon.client, id)).state).toBe("CANCELED");
});

test("[STM-005] a cancel during a tool stops the task before its next step", async () => {
  rig.sink.hold();
  const id = await submit(daemon.client, "task acting tools=send_alert,write_note");
  await rig.sink.arrived("task-acting");
  await cancel(id);
  rig.sink.resume();
  const next = await submit(daemon.client, "task afterwards");
  expect((await ended(daemon.client, next)).state).toBe("SUCCEEDED");
  expect(rig.stub.count("task-acting", 1)).toBe(0);
  const events = rig.read((db) => db.events(id));
  expect(events.at(-1)?.state_to === "CANCELED" || events.every((event) => event.type !== "model.end")).toBe(
    true,
  );
});

test("a queued task never starts", async () => {
  const busy = await submit(daemon.client, "task busy gate=busy");
  await rig.stub.reached("busy");
  const id = await submit(daemon.client, "task queued");
  expect((await readTask(daemon.client, id)).state).toBe("QUEUED");
  await cancel(id);
  rig.stub.open("busy");
  await ended(daemon.client, busy);
  expect(rig.stub.count("task-queued")).toBe(0);
});

test("a waiting task is not retried", async () => {
  const id = await submit(daemon.client, "task waiting fault=500");
  await taskWhere(daemon.client, id, "waits", (task) => task.state === "RETRY_WAIT");
  await cancel(id);
  expect(rig.stub.count("task-waiting")).toBe(1);
});

test("what has ended stays as it ended", async () => {
  const id = await submit(daemon.client, "task finished");
  await ended(daemon.client, id);
  const reply = await daemon.client.post(`/api/v1/tasks/${id}/cancel`);
  expect(reply.status).toBe(409);
  expect(reply.json<{ error: { code: string } }>().error.code).toBe("STATE_CONFLICT");
  expect((await daemon.client.post("/api/v1/tasks/nothing/cancel")).status).toBe(404);
});
