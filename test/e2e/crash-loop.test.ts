// A task that takes the daemon down each time it runs must not do so for ever, nor take the others with it.

import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

test("[QUE-005] a task whose every attempt ends with the daemon dead ends as CRASH_LOOP, and the others succeed", async () => {
  rig = await createRig({ config: { worker_count: 2, max_attempts: 3 } });
  let daemon = await rig.start();
  const killer = await submit(daemon.client, "task killer gate=deadly");
  const others: string[] = [];
  for (let life = 1; life <= 3; life++) {
    others.push(await submit(daemon.client, `task other${life}`));
    await until(`attempt ${life} to run`, () => rig.stub.count("task-killer") === life);
    await daemon.kill();
    daemon = await rig.start();
  }
  expect(await ended(daemon.client, killer)).toMatchObject({
    state: "DEAD_LETTER",
    reason_code: "CRASH_LOOP",
    attempt: 3,
  });
  expect(rig.stub.count("task-killer")).toBe(3);
  for (const id of others) expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  const moves = rig.read((db) => db.events(killer).filter((event) => event.state_to !== null));
  expect(moves.slice(-2).map((event) => event.state_to)).toEqual(["FAILED", "DEAD_LETTER"]);
});

test("[QUE-005] the same nonsense from the model three times is a poison pill, long before max_attempts", async () => {
  rig = await createRig({ config: { max_attempts: 20 } });
  const { client } = await rig.start();
  const id = await submit(client, "task poison fault=badjson");
  const task = await ended(client, id);
  expect(task).toMatchObject({ state: "DEAD_LETTER", reason_code: "DEAD_LETTER_POISON_PILL", attempt: 3 });
  expect(rig.stub.count("task-poison")).toBe(3);
});

test("[QUE-004] an operator brings a dead letter back, with its journal and fresh attempts", async () => {
  rig = await createRig();
  const { client } = await rig.start();
  const id = await submit(client, "task back tools=send_alert fault=500@1:3");
  expect(await ended(client, id)).toMatchObject({
    state: "DEAD_LETTER",
    reason_code: "DEAD_LETTER_MAX_ATTEMPTS",
  });
  expect((await client.post(`/api/v1/tasks/${id}/retry`)).status).toBe(200);
  await until("the task to be over again", async () => (await ended(client, id)).state === "SUCCEEDED");
  expect([rig.stub.count("task-back", 0), rig.stub.count("task-back", 1)]).toEqual([1, 4]);
  expect(rig.sink.callsOf("task-back")).toHaveLength(1);
  expect((await client.post(`/api/v1/tasks/${id}/retry`)).status).toBe(409);
});
