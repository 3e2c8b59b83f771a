// A full queue says so: 429 with Retry-After before anything is kept, and the same key is welcome later.

import { afterEach, expect, test } from "vitest";
import type { Reply } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
afterEach(() => rig.close());

function expectFull(reply: Reply): void {
  expect(reply.status).toBe(429);
  expect(Number(reply.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect(reply.json<{ error: { code: string } }>().error.code).toBe("QUEUE_FULL");
}

test("[QUE-008] the queue limit refuses, keeps nothing of what it refused, and accepts the same key later", async () => {
  rig = await createRig({ config: { max_queue_depth: 3, worker_count: 1 } });
  const { client } = await rig.start();
  const held = await submit(client, "task held gate=hold");
  await rig.stub.reached("hold");
  const waiting: string[] = [];
  for (const name of ["a", "b", "c"]) waiting.push(await submit(client, `task ${name}`));
  const body = { agent: "default", prompt: "task late" };
  expectFull(await client.post("/api/v1/tasks", body, { "idempotency-key": "late" }));
  const chat = { model: "goclaw", messages: [{ role: "user", content: "task chat" }] };
  expectFull(await client.post("/v1/chat/completions", chat));
  expectFull(await client.post("/v1/chat/completions", { ...chat, stream: true }));
  expect(rig.read((db) => db.tasks().length)).toBe(4);

  rig.stub.open("hold");
  for (const id of [held, ...waiting]) expect((await ended(client, id)).state).toBe("SUCCEEDED");
  const late = await submit(client, "task late", {}, "late");
  expect((await ended(client, late)).state).toBe("SUCCEEDED");
  expect(rig.stub.count("task-late")).toBe(1);
});

test("[QUE-008] forty at once are either accepted or refused, and every accepted one ends", async () => {
  rig = await createRig({ config: { max_queue_depth: 10, worker_count: 1 } });
  const { client } = await rig.start();
  await submit(client, "task held gate=hold");
  await rig.stub.reached("hold");
  const replies = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      client.post("/api/v1/tasks", { agent: "default", prompt: `task n${index}` }),
    ),
  );
  const accepted = replies.filter((reply) => reply.status === 202);
  expect(accepted).toHaveLength(10);
  for (const reply of replies.filter((each) => each.status !== 202)) expectFull(reply);
  rig.stub.open("hold");
  for (const reply of accepted) {
    expect((await ended(client, reply.json<{ task_id: string }>().task_id)).state).toBe("SUCCEEDED");
  }
});
