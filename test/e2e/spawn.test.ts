// Tasks that tasks make, in the real daemon: a parent that waits holds no lane and hears how its child ended, a crash
// makes no second child, and a family is bounded.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { type Reply, replyByDirective } from "../support/directive.ts";
import { ask as askHome } from "../support/home-sql.ts";
import { startKeyRig } from "../support/keys.ts";
import { createRig, type Rig, type RigOptions } from "../support/rig.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { ended, readEvents, submit, taskWhere, type WireTask } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(() => rig.close());

type Calls = NonNullable<Reply["toolCalls"]>;
type Plan = Readonly<Record<string, readonly Calls[]>>;
const spawn = (prompt: string, more: object = {}): Calls[number] => ({
  name: "spawn_task",
  args: { prompt, ...more },
});

/** A daemon whose model makes a task's calls, turn by turn, and then answers as the directives say. */
async function begin(plan: Plan, options: RigOptions = {}): Promise<void> {
  rig = await createRig(options);
  script(plan);
  daemon = await rig.start();
}

function script(plan: Plan): void {
  rig.stub.use((body, place) => {
    const toolCalls = plan[place.key]?.[place.turn];
    return toolCalls === undefined ? replyByDirective(body, place) : { toolCalls };
  });
}

const told = (key: string, turn = 1): string[] =>
  (rig.stub.calls.findLast((call) => call.key === key && call.turn === turn)?.body.messages ?? [])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => String(content));

const ask = <T>(sql: string, ...values: unknown[]): T[] => askHome<T>(rig.home, sql, ...values);

const childrenOf = (id: string): { id: string; agent_id: string }[] =>
  ask("SELECT id, agent_id FROM v_tasks WHERE parent_id = ? ORDER BY id", id);

const childOf = (id: string): Promise<string> => until(`a child of ${id}`, () => childrenOf(id)[0]?.id);
const waits = (id: string): Promise<WireTask> =>
  taskWhere(daemon.client, id, "waits for its child", (task) => task.reason_code === "AWAITING_CHILD");

test(
  verifies("RUN-004", "with one lane a parent waits for its child's answer, and goes on with it"),
  async () => {
    await begin(
      { "task-p": [[spawn("task c", { agent: "coder", wait: true })]] },
      { config: { worker_count: 1 } },
    );
    const id = await submit(daemon.client, "task p");
    expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
    expect(childrenOf(id)).toEqual([{ id: expect.any(String), agent_id: "coder" }]);
    expect(told("task-p")).toEqual([`[child task ${childrenOf(id)[0]?.id} of agent coder answered]\ndone c`]);
    const events = await readEvents(daemon.client, id);
    const moves = events
      .filter(({ state_to }) => state_to !== undefined)
      .map(({ state_to, reason_code }) => reason_code ?? state_to);
    expect(moves).toEqual([
      "QUEUED",
      "CLAIMED",
      "RUNNING",
      "AWAITING_CHILD",
      "CHILD_ENDED",
      "CLAIMED",
      "RUNNING",
      "SUCCEEDED",
    ]);
    expect(events.filter(({ type }) => type === "tool.start")).toHaveLength(1);
    expect(
      events.find(({ reason_code }) => reason_code === "AWAITING_CHILD")?.payload.deadline_at,
    ).toBeGreaterThan(Date.now());
    expect(ask("SELECT DISTINCT trace_id FROM tasks")).toHaveLength(1);
    expect(ask("SELECT trace_id FROM tasks")).toHaveLength(2);
    expect(ask("SELECT DISTINCT trace_id FROM v_audit WHERE task_id IS NOT NULL")).toEqual(
      ask("SELECT DISTINCT trace_id FROM tasks"),
    );
    const audit = ask<{ resource: string; decision: string }>(
      "SELECT resource, decision FROM v_audit WHERE capability = 'tools.spawn_task'",
    );
    expect(audit).toEqual([{ resource: "agent:coder", decision: "allow" }]);
  },
);

test("without waiting the result is the child's id, and both end by themselves", async () => {
  await begin({ "task-p": [[spawn("task c gate=g", { priority: 3 })]] });
  const id = await submit(daemon.client, "task p", { agent: "writer" });
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  const child = await childOf(id);
  expect(told("task-p")[0]).toContain(`queued child task ${child} of agent writer`);
  rig.stub.open("g");
  expect(await ended(daemon.client, child)).toMatchObject({
    agent_id: "writer",
    priority: 3,
    state: "SUCCEEDED",
  });
});

test("a child that failed and one that was canceled are told to the model", async () => {
  await begin({
    "task-p": [
      [spawn("task bad fault=401", { wait: true })],
      [spawn("task slow gate=never", { wait: true })],
    ],
  });
  const id = await submit(daemon.client, "task p");
  await until("the second child runs", () => rig.stub.count("task-slow") > 0);
  const [, slow] = childrenOf(id);
  expect((await daemon.client.post(`/api/v1/tasks/${slow?.id}/cancel`)).status).toBe(200);
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  expect(told("task-p", 2)).toEqual([
    expect.stringMatching(/^TOOL_FAILED: child task .* ended as FAILED: PROVIDER_AUTH: /),
    expect.stringMatching(/^ABORTED: somebody canceled child task /),
  ]);
});

test("killed while a parent waits: there is one child, and the parent gets its answer", async () => {
  await begin({ "task-p": [[spawn("task c gate=g", { wait: true })]] });
  const id = await submit(daemon.client, "task p");
  await waits(id);
  await rig.stub.reached("g");
  await daemon.kill();
  daemon = await rig.start();
  rig.stub.open("g");
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  expect(told("task-p")[0]).toMatch(/answered\]\ndone c$/);
  expect(childrenOf(id)).toHaveLength(1);
});

test("who cancels a task cancels the tasks below it", async () => {
  await begin({
    "task-p": [[spawn("task c", { wait: true })]],
    "task-c": [[spawn("task g gate=never"), spawn("task h gate=never", { wait: true })]],
  });
  const id = await submit(daemon.client, "task p");
  const child = await childOf(id);
  await until("the grandchildren run", () => rig.stub.count("task-g") + rig.stub.count("task-h") === 2);
  await waits(child);
  expect((await daemon.client.post(`/api/v1/tasks/${id}/cancel`)).status).toBe(200);
  const states = ask<{ state: string }>("SELECT state FROM v_tasks").map(({ state }) => state);
  expect(states).toEqual(["CANCELED", "CANCELED", "CANCELED", "CANCELED"]);
});

test("a task has at most twenty children, and at most five tasks above it", async () => {
  const deep = Object.fromEntries(
    [0, 1, 2, 3, 4, 5].map((depth) => [`task-d${depth}`, [[spawn(`task d${depth + 1}`, { wait: true })]]]),
  );
  await begin({ ...deep, "task-wide": [Array.from({ length: 21 }, (_, index) => spawn(`task w${index}`))] });
  const wide = await submit(daemon.client, "task wide");
  expect((await ended(daemon.client, wide)).state).toBe("SUCCEEDED");
  expect(childrenOf(wide)).toHaveLength(20);
  expect(told("task-wide")[20]).toMatch(/^LIMIT_CHILDREN: this task has made 20 child tasks/);
  const top = await submit(daemon.client, "task d0");
  expect((await ended(daemon.client, top)).state).toBe("SUCCEEDED");
  expect(told("task-d5")[0]).toMatch(/^LIMIT_CHILDREN: 5 tasks are above this one/);
  expect(rig.stub.count("task-d6")).toBe(0);
});

test("an agent that is not there is refused by name, and so is one that the policy or the API key does not open", async () => {
  const keys = await startKeyRig();
  rig = keys;
  daemon = keys.daemon;
  script({
    "task-p": [
      [spawn("x", { agent: "nobody" }), spawn("x", { agent: "b" }), spawn("task c", { wait: true })],
    ],
  });
  const { client } = await keys.addKey("narrow", "--agents", "a");
  const id = await submit(client, "task p", { agent: "a" });
  expect((await ended(client, id)).state).toBe("SUCCEEDED");
  expect(told("task-p")).toEqual([
    'AGENT_NOT_FOUND: there is no agent "nobody"; there are: a',
    "KEY_DENIED: API key narrow is not for agent b; it is for: a",
    expect.stringContaining("done c"),
  ]);
  const owners = ask<{ key_id: string }>("SELECT key_id FROM tasks");
  expect(new Set(owners.map(({ key_id }) => key_id)).size).toBe(1);
  expect(owners[0]?.key_id).not.toBeNull();
});

test("what the parent has read counts for its child, and what the child has read for a parent that waited", async () => {
  const server = createServer((_request, response) => void response.end("text from outside"));
  await listen(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const read = { name: "read_file", args: { path: "a.txt" } };
    const send = { name: "http_request", args: { url } };
    await begin(
      {
        "task-p": [
          [{ name: "write_file", args: { path: "a.txt", content: "mine" } }, read],
          [spawn("task c", { wait: true })],
        ],
        "task-c": [[send], [send]],
        "task-q": [[spawn("task d", { wait: true })], [read], [send]],
        "task-d": [[send]],
      },
      { policy: { allow_domains: ["127.0.0.1"], allow_loopback: true } },
    );
    const first = await submit(daemon.client, "task p");
    const child = await childOf(first);
    const asks = (task: WireTask): boolean => task.reason_code === "AWAITING_APPROVAL";
    await taskWhere(daemon.client, child, "asks before it sends again", asks);
    expect(told("task-c")).toEqual([expect.stringContaining("text from outside")]);
    const second = await submit(daemon.client, "task q");
    await taskWhere(daemon.client, second, "asks before it sends", asks);
    expect(told("task-q", 2)).toHaveLength(2);
    const codes = rig
      .read((db) => db.audit().filter(({ decision }) => decision === "ask"))
      .map(({ code }) => code);
    expect(codes).toEqual(["TAINT_EGRESS", "TAINT_EGRESS"]);
  } finally {
    await closeServer(server);
  }
});
