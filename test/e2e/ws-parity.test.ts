// One definition of each operation: what a client is told over the WebSocket is what it is told over REST.

import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { connectWs } from "../support/ws.ts";

const SESSION = "0190a000-0000-7000-8000-00000000000a";

let rig: Rig;
afterEach(() => rig.close());

test("REST and WebSocket give the same answers", async () => {
  rig = await createRig();
  const daemon = await rig.start();
  const client = await connectWs(daemon.client);
  const id = await submit(daemon.client, "task same", { session_id: SESSION });
  await ended(daemon.client, id);
  const pairs = [
    ["task.get", { task_id: id }, `/api/v1/tasks/${id}`],
    ["task.list", { limit: 1 }, "/api/v1/tasks?limit=1"],
    ["task.events", { task_id: id, limit: 3 }, `/api/v1/tasks/${id}/events?limit=3`],
    ["task.cassette", { task_id: id }, `/api/v1/tasks/${id}/cassette`],
    ["session.list", {}, "/api/v1/sessions"],
    ["session.history", { session_id: SESSION }, `/api/v1/sessions/${SESSION}`],
    ["approval.list", { status: "PENDING" }, "/api/v1/approvals?status=PENDING"],
    ["model.list", { all: true }, "/api/v1/model-catalog?all=true"],
    ["cost.report", { by: "model" }, "/api/v1/cost?by=model"],
    ["key.list", {}, "/api/v1/keys"],
    ["mcp.list", {}, "/api/v1/mcp/servers"],
    ["mcp.served", {}, "/api/v1/mcp/served"],
  ] as const;
  for (const [method, params, path] of pairs)
    expect([method, await client.call(method, params)]).toEqual([
      method,
      (await daemon.client.get(path)).json(),
    ]);
  const wrong = [
    ["task.get", { task_id: "no" }, `/api/v1/tasks/no`],
    ["task.list", { limit: 0 }, "/api/v1/tasks?limit=0"],
    ["task.list", { colour: "red" }, "/api/v1/tasks?colour=red"],
    ["session.history", { session_id: id }, `/api/v1/sessions/${id}`],
    ["approval.get", { approval_id: "no" }, "/api/v1/approvals/no"],
  ] as const;
  for (const [method, params, path] of wrong) {
    const { error } = await client.ask(method, params);
    const rest = (await daemon.client.get(path)).json<{ error: { code: string; message: string } }>().error;
    expect([method, error?.data.code, error?.message]).toEqual([method, rest.code, rest.message]);
  }
  const sent = { prompt: "task once", session_id: SESSION };
  const overRest = (await daemon.client.post("/api/v1/tasks", sent, { "idempotency-key": "same" })).json();
  const overSocket = await client.call<typeof overRest>("task.submit", { ...sent, idempotency_key: "same" });
  expect([overSocket.task_id, Object.keys(overSocket)]).toEqual([overRest.task_id, Object.keys(overRest)]);
  const taskId = String(overRest.task_id);
  await ended(daemon.client, taskId);
  const again = await client.ask("task.cancel", { task_id: taskId });
  expect([again.error?.code, again.error?.data.code]).toEqual([-32009, "STATE_CONFLICT"]);
  const key = await client.call<{ key: { id: string } }>("key.add", { name: "made", agents: ["*"] });
  expect((await daemon.client.get("/api/v1/keys")).json()).toMatchObject({ keys: [{ id: key.key.id }] });
});
