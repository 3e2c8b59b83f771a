// kill -9 at the moments that matter: what was journaled is not bought or done again, what was not is resumed.

import { afterEach, expect, test } from "vitest";
import type { Client } from "../support/http.ts";
import { examine, violations } from "../support/invariants.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit, taskWhere } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

function expectSound(acknowledged: ReadonlyMap<string, string>): void {
  const { findings } = rig.read((db) =>
    examine({ db, acknowledged, stubCalls: rig.stub.calls, sinkCalls: rig.sink.calls, settled: true }),
  );
  expect(violations(findings)).toEqual([]);
}

test("[REL-003][BRN-002] a kill in the second model call: the first answer and its tools are not repeated", async () => {
  rig = await createRig();
  const first = await rig.start();
  const id = await submit(first.client, "task k tools=send_alert,write_note gate=second@1");
  await rig.stub.reached("second");
  await first.kill();
  rig.stub.open("second");
  const second = await rig.start();
  const task = await ended(second.client, id);
  expect(task).toMatchObject({ state: "SUCCEEDED", attempt: 2, result: { text: "done k" } });
  expect([rig.stub.count("task-k", 0), rig.stub.count("task-k", 1)]).toEqual([1, 2]);
  expect(rig.sink.callsOf("task-k")).toHaveLength(1);
  const reasons = rig.read((db) => db.events(id).map((event) => event.reason_code));
  expect(reasons).toContain("OWNER_DIED");
  expectSound(new Map([[id, "task-k"]]));
});

test("a kill in the first model call asks again, once", async () => {
  rig = await createRig();
  const first = await rig.start();
  const id = await submit(first.client, "task f gate=first");
  await rig.stub.reached("first");
  await first.kill();
  rig.stub.open("first");
  const second = await rig.start();
  expect(await ended(second.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  expect(rig.stub.count("task-f")).toBe(2);
});

async function killInsideAlert(key: string): Promise<{ id: string; client: Client }> {
  rig = await createRig();
  const first = await rig.start();
  rig.sink.hold();
  const id = await submit(first.client, `task ${key} tools=send_alert`);
  await rig.sink.arrived(`task-${key}`);
  await first.kill();
  rig.sink.resume();
  const { client } = await rig.start();
  const parked = await taskWhere(client, id, "asks", (task) => task.reason_code === "EFFECT_UNKNOWN");
  expect(parked.state).toBe("RETRY_WAIT");
  expect(rig.sink.callsOf(`task-${key}`)).toHaveLength(1);
  const effects = rig.read((db) => db.effects(id));
  expect(effects).toMatchObject([{ class: "once", tool: "send_alert", status: "UNKNOWN" }]);
  return { id, client };
}

test("[REL-002][QUE-006] a kill inside a once act asks an operator; `happened` goes on without repeating it", async () => {
  const { id, client } = await killInsideAlert("h");
  expect((await client.post(`/api/v1/tasks/${id}/resolve`, { outcome: "perhaps" })).status).toBe(400);
  expect((await client.post(`/api/v1/tasks/${id}/resolve`, { outcome: "happened" })).status).toBe(200);
  expect((await ended(client, id)).state).toBe("SUCCEEDED");
  expect(rig.sink.callsOf("task-h")).toHaveLength(1);
  expect(rig.stub.count("task-h", 0)).toBe(1);
  expect((await client.post(`/api/v1/tasks/${id}/resolve`, { outcome: "happened" })).status).toBe(409);
  expectSound(new Map([[id, "task-h"]]));
});

test("[REL-002][QUE-006] `did_not` does it now, with the same key and content", async () => {
  const { id, client } = await killInsideAlert("d");
  expect((await client.post(`/api/v1/tasks/${id}/resolve`, { outcome: "did_not" })).status).toBe(200);
  expect((await ended(client, id)).state).toBe("SUCCEEDED");
  const calls = rig.sink.callsOf("task-d");
  expect(calls).toHaveLength(2);
  expect(new Set(calls.map((call) => `${call.idempotencyKey} ${call.body}`)).size).toBe(1);
});

test("[REL-006] a restart takes up running, queued and waiting tasks alike", async () => {
  rig = await createRig({ config: { worker_count: 2 } });
  const first = await rig.start();
  const ids = new Map<string, string>();
  for (const [key, words] of [
    ["run", "gate=g"],
    ["wait", "fault=500:1"],
    ["late", "gate=g"],
    ["queued", ""],
  ] as const) {
    ids.set(await submit(first.client, `task ${key} ${words}`), `task-${key}`);
  }
  await rig.stub.reached("g");
  await until("the failing task to have been tried", () => rig.stub.count("task-wait") === 1);
  await first.kill();
  rig.stub.open("g");
  const second = await rig.start();
  for (const id of ids.keys()) expect((await ended(second.client, id)).state).toBe("SUCCEEDED");
  expectSound(ids);
});
