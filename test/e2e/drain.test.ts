// SIGTERM: no new work, a bounded wait for what runs, the rest back in the queue without losing an attempt.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { until, within } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

test("[REL-005][RUN-003] a task that outlasts the drain is put back, and the stop does not count as an attempt", async () => {
  rig = await createRig({ config: { drain_timeout_seconds: 0.2 } });
  const first = await rig.start();
  const id = await submit(first.client, "task slow tools=send_alert gate=slow@1");
  await rig.stub.reached("slow");
  expect(await first.stop()).toEqual({ code: 0, signal: null });
  expect(existsSync(join(rig.home, "run/daemon.json"))).toBe(false);
  const left = rig.read((db) => ({ task: db.task(id), last: db.events(id).at(-1) }));
  expect(left.task).toMatchObject({ state: "QUEUED", reason_code: "SHUTDOWN_REQUEUED" });
  expect(left.last).toMatchObject({
    state_from: "RUNNING",
    state_to: "QUEUED",
    reason_code: "SHUTDOWN_REQUEUED",
  });
  rig.stub.open("slow");
  const second = await rig.start();
  expect(await ended(second.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(rig.stub.count("task-slow", 0)).toBe(1);
  expect(rig.sink.callsOf("task-slow")).toHaveLength(1);
});

test("[RUN-003] a task that can finish inside the drain finishes, and nothing new is let in meanwhile", async () => {
  rig = await createRig({ config: { drain_timeout_seconds: 20 } });
  const daemon = await rig.start();
  const id = await submit(daemon.client, "task quick gate=quick");
  await rig.stub.reached("quick");
  daemon.signal("SIGTERM");
  const refused = await until("a submission to be refused", async () => {
    const reply = await daemon.client
      .post("/api/v1/tasks", { agent: "default", prompt: "task new" })
      .catch(() => "closed" as const);
    return reply === "closed" || reply.status === 503 ? reply : undefined;
  });
  if (refused !== "closed") expect(refused.text).toContain("SHUTTING_DOWN");
  rig.stub.open("quick");
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
  const [task, other] = rig.read((db) => [db.task(id), db.tasks().filter((row) => row.id !== id)] as const);
  expect(task?.state).toBe("SUCCEEDED");
  // Submissions before the signal was seen were acknowledged, so they may be there, and then they are whole.
  for (const row of other) expect(["QUEUED", "SUCCEEDED"]).toContain(row.state);
});

test("[RUN-003][REL-005] a second signal ends the wait, and nothing is lost", async () => {
  rig = await createRig({ config: { drain_timeout_seconds: 3_600 } });
  const first = await rig.start();
  const id = await submit(first.client, "task twice gate=twice");
  await rig.stub.reached("twice");
  first.signal("SIGTERM");
  await until("the drain to begin", async () => {
    const reply = await first.client.get("/readyz").catch(() => undefined);
    return reply === undefined || reply.status === 503;
  });
  first.signal("SIGINT");
  expect(await within("the end of a drain of an hour", first.exited)).toEqual({ code: 0, signal: null });
  expect(rig.read((db) => db.task(id))).toMatchObject({ state: "QUEUED", reason_code: "SHUTDOWN_REQUEUED" });
  const said = readFileSync(join(rig.home, "logs/system.jsonl"), "utf8");
  expect(said).toMatch(/stopping, no new work is taken[\s\S]*asked to stop at once[\s\S]*"msg":"stopped"/);
  rig.stub.open("twice");
  const second = await rig.start();
  expect(await ended(second.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
});
