// A daemon that stands still for longer than its leases (a laptop lid, a debugger, SIGSTOP) and then goes on: the
// attempt that lost its lease changes nothing, and nothing happens twice.

import { afterEach, expect, test } from "vitest";
import { isTerminal } from "../../src/domain/task.ts";
import { examine, violations } from "../support/invariants.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readTask, submit, taskWhere } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

const LEASE_MS = 300;
let rig: Rig;
afterEach(() => rig.close());

/** Freezes the daemon until every lease it held is over; the passing of that time is what is waited for. */
async function freezePastLease(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const from = performance.now();
  await until("the leases to be over", () => performance.now() - from > LEASE_MS * 4);
}

function expectSound(id: string, key: string): void {
  const { findings } = rig.read((db) =>
    examine({
      db,
      acknowledged: new Map([[id, key]]),
      stubCalls: rig.stub.calls,
      sinkCalls: rig.sink.calls,
      settled: true,
    }),
  );
  expect(violations(findings)).toEqual([]);
}

test("[QUE-002][REL-002] frozen inside a once act, the daemon does not do it again", async () => {
  rig = await createRig({ config: { lease_seconds: LEASE_MS / 1000 } });
  const daemon = await rig.start();
  rig.sink.hold();
  const id = await submit(daemon.client, "task f tools=send_alert");
  await rig.sink.arrived("task-f");
  await freezePastLease(daemon.run.pid);
  rig.sink.resume();
  daemon.signal("SIGCONT");
  const settled = await taskWhere(
    daemon.client,
    id,
    "ended or asks",
    (task) => isTerminal(task.state) || task.reason_code === "EFFECT_UNKNOWN",
  );
  if (!isTerminal(settled.state)) {
    await daemon.client.post(`/api/v1/tasks/${id}/resolve`, { outcome: "happened" });
    await ended(daemon.client, id);
  }
  expect(rig.sink.callsOf("task-f")).toHaveLength(1);
  expect(rig.read((db) => db.task(id)?.state)).toBe("SUCCEEDED");
  expectSound(id, "task-f");
});

test("[QUE-002] frozen inside a model call, one answer is kept and the task ends once", async () => {
  rig = await createRig({ config: { lease_seconds: LEASE_MS / 1000 } });
  const daemon = await rig.start();
  const id = await submit(daemon.client, "task g tools=write_note gate=g@0");
  await rig.stub.reached("g");
  await freezePastLease(daemon.run.pid);
  rig.stub.open("g");
  daemon.signal("SIGCONT");
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", result: { text: "done g" } });
  const answers = rig.read((db) => db.events(id).filter((event) => event.type === "model.end"));
  expect(answers).toHaveLength(2);
  expectSound(id, "task-g");
});

test("[QUE-002] a lease that is renewed is never lost, however long the model takes", async () => {
  rig = await createRig({ config: { lease_seconds: LEASE_MS / 1000 } });
  const daemon = await rig.start();
  const id = await submit(daemon.client, "task h gate=h");
  await rig.stub.reached("h");
  const from = performance.now();
  await until("several leases' time to pass", () => performance.now() - from > LEASE_MS * 5);
  rig.stub.open("h");
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(rig.stub.count("task-h")).toBe(1);
});

test("[QUE-002] the attempt after a lost lease is a whole one: it keeps its lease and can be canceled", async () => {
  rig = await createRig({ config: { lease_seconds: LEASE_MS / 1000, max_attempts: 5 } });
  const daemon = await rig.start();
  const id = await submit(daemon.client, "task i gate=i");
  await rig.stub.reached("i");
  await freezePastLease(daemon.run.pid);
  daemon.signal("SIGCONT");
  await until("the second attempt to ask", () => rig.stub.count("task-i") === 2);
  const from = performance.now();
  await until("several leases' time to pass", () => performance.now() - from > LEASE_MS * 5);
  expect(await readTask(daemon.client, id)).toMatchObject({ state: "RUNNING", attempt: 2 });
  const health = (await daemon.client.get("/healthz")).json<{ lanes: { busy: number } }>();
  expect(health.lanes.busy).toBe(1);
  expect((await daemon.client.post(`/api/v1/tasks/${id}/cancel`)).status).toBe(200);
  await until("both calls to be hung up", () => rig.stub.calls.every((call) => call.end === "client_gone"));
  expect(rig.stub.count("task-i")).toBe(2);
});
