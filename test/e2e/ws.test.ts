// The WebSocket on the real daemon: hello, chats, streams, aborts and sessions that are followed across a kill -9.

import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, type WireTask } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";
import { connectWs, noted, type WsClient } from "../support/ws.ts";

let rig: Rig;
let daemon: Daemon;
beforeEach(async () => {
  rig = await createRig({ config: { worker_count: 4 } });
  daemon = await rig.start();
});
afterEach(() => rig.close());

interface Chat {
  readonly task_id: string;
  readonly session_id: string;
  readonly content?: string;
}
interface Subscribed {
  readonly replayed: number;
  readonly latest_event_id: number;
}

const SESSION = "0190a000-0000-7000-8000-00000000000a";
const eventIds = (client: WsClient): number[] =>
  noted(client, "session.event").map(({ event_id }) => event_id as number);

test(
  verifies("ACP-002", "hello comes first, once, and says what is spoken and what the caller may do"),
  async () => {
    const client = await connectWs(daemon.client, { hello: false });
    const early = await client.ask("agent.chat", { content: "task early" });
    expect(early.error).toMatchObject({ code: -32600, data: { code: "PROTO_STATE" } });
    for (const version of ["0.9", "99", "x", 0, null, {}]) {
      const { error } = await client.ask("system.hello", { client: "t", version });
      expect(error).toMatchObject({ code: -32602, data: { code: "BAD_REQUEST" } });
    }
    const hello = await client.call("system.hello", { client: "t", version: "1.7" });
    expect(hello).toMatchObject({
      ...{ protocol: "acp", version: "1.0", supported_min: "1.0", supported_max: "1.0" },
      server: { name: "goclaw", version: daemon.run.version },
      principal: "token",
      capabilities: ["acp.read", "acp.mutate", "admin.approve", "admin.keys", "llm.passthrough"],
      methods: expect.arrayContaining(["agent.chat", "task.get", "approval.respond"]),
      limits: { max_frame_bytes: 1_048_576, max_batch: 50 },
    });
    expect((await client.ask("system.hello")).error?.data.code).toBe("PROTO_STATE");
    const { tasks } = await client.call<{ tasks: WireTask[] }>("task.list");
    expect(tasks).toEqual([]);
  },
);

test(verifies("ACP-009", "agent.chat takes content or text, and the same key is the same task"), async () => {
  const client = await connectWs(daemon.client);
  const first = await client.call<Chat>("agent.chat", {
    ...{ content: "task one", session_id: SESSION, agent_id: "default", idempotency_key: "k" },
  });
  expect(first.session_id).toBe(SESSION);
  expect((await ended(daemon.client, first.task_id)).result?.text).toBe("done one");
  const again = await client.call<Chat>("agent.chat", {
    ...{ text: "task one", session_id: SESSION, agent_id: "default", idempotency_key: "k" },
  });
  expect(again.task_id).toBe(first.task_id);
  const other = await client.ask("agent.chat", { text: "task two", idempotency_key: "k" });
  expect(other.error).toMatchObject({ code: -32009, data: { code: "IDEMPOTENCY_CONFLICT" } });
  for (const params of [
    {},
    { content: "a", text: "b" },
    { content: " " },
    { content: 1 },
    { text: "a", agent_id: "" },
  ])
    expect((await client.ask("agent.chat", params)).error?.code).toBe(-32602);
  expect((await client.ask("agent.chat", { text: "a", agent_id: "nobody" })).error?.data.code).toBe(
    "AGENT_NOT_FOUND",
  );
});

test("a stream says each piece once, and its answer is the whole", async () => {
  const client = await connectWs(daemon.client);
  const answered = client.call<Chat>("agent.chat.stream", { content: "task s words=60 midgate=half" });
  await client.first("the first piece", ({ method }) => method === "agent.chat.stream");
  rig.stub.open("half");
  const { task_id, session_id, content } = await answered;
  const pieces = noted(client, "agent.chat.stream");
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.every((piece) => piece.task_id === task_id && piece.session_id === session_id)).toBe(true);
  expect(pieces.map((piece) => piece.content).join("")).toBe(content);
  expect((await ended(daemon.client, task_id)).result?.text).toBe(content);
});

test(
  verifies("ACP-001", "an abort on the same connection is not stuck behind the stream it ends"),
  async () => {
    const client = await connectWs(daemon.client);
    const streams = ["a", "b"].map((key) =>
      client.ask("agent.chat.stream", { content: `task ${key} words=40 midgate=never` }),
    );
    const piece = await client.first("a piece", ({ method }) => method === "agent.chat.stream");
    const taskId = piece.params.task_id as string;
    expect(await client.call("agent.abort", { task_id: taskId })).toMatchObject({
      ...{ aborted: true, task: { id: taskId, state: "CANCELED" } },
    });
    const { error } = await Promise.race(streams);
    expect(error).toMatchObject({
      code: -32009,
      data: { code: "ABORTED" },
      message: expect.stringContaining(taskId),
    });
    rig.stub.openAll();
    const [over] = (await Promise.all(streams)).filter(({ result }) => result !== undefined);
    const done = over?.result?.task_id;
    expect(await client.call("agent.abort", { task_id: done })).toMatchObject({ aborted: false });
    expect((await client.ask("agent.abort", { task_id: "nothing" })).error?.data.code).toBe("TASK_NOT_FOUND");
  },
);

test("a task that fails is an error with its own code, and the connection lives", async () => {
  const client = await connectWs(daemon.client);
  const { error } = await client.ask("agent.chat.stream", { content: "task f fault=401" });
  expect(error).toMatchObject({ code: 4000, data: { code: "PROVIDER_AUTH", retryable: false } });
  expect(await client.call("system.status")).toMatchObject({ ready: true, boot_id: daemon.run.boot_id });
});

test(
  verifies(
    ["ACP-005", "ACP-006"],
    "a session is followed in order, without gap or double, from the log into the present",
  ),
  async () => {
    const client = await connectWs(daemon.client);
    const before = await client.call<Chat>("agent.chat", { content: "task w0", session_id: SESSION });
    await ended(daemon.client, before.task_id);
    // Tasks come and go while the log is read, so the seam lies in the middle of them.
    const chats = Array.from({ length: 12 }, (_, index) =>
      client.call<Chat>("agent.chat", { content: `task w${index + 1}`, session_id: SESSION }),
    );
    const subscribed = await client.call<Subscribed>("session.events.subscribe", { session_id: SESSION });
    expect(subscribed.replayed).toBeGreaterThan(0);
    const ids = [before.task_id];
    for (const { task_id } of await Promise.all(chats)) ids.push(task_id);
    for (const id of ids) await ended(daemon.client, id);
    const log = (await Promise.all(ids.map((id) => readEvents(daemon.client, id))))
      .flat()
      .sort((a, b) => a.seq - b.seq);
    await until("the last event", () => eventIds(client).at(-1) === log.at(-1)?.seq);
    expect(eventIds(client)).toEqual(log.map(({ seq }) => seq));
    const events = noted(client, "session.event");
    expect(events[0]).toMatchObject({
      ...{ session_id: SESSION, task_id: before.task_id, type: "task.enqueued", agent_id: "default" },
      ...{ state_from: null, state_to: "QUEUED", run_id: `${before.task_id}/0` },
    });
    expect(events.every(({ trace_id }) => /^[0-9a-f-]{36}$/.test(String(trace_id)))).toBe(true);
    expect(
      new Set(events.filter(({ task_id }) => task_id === before.task_id).map((e) => e.trace_id)).size,
    ).toBe(1);
    expect(await client.call("session.events.unsubscribe", { session_id: SESSION })).toMatchObject({
      ...{ subscribed: false, was_subscribed: true },
    });
    const seen = eventIds(client).length;
    await ended(
      daemon.client,
      (await client.call<Chat>("agent.chat", { text: "x", session_id: SESSION })).task_id,
    );
    await client.call("system.status");
    expect(eventIds(client)).toHaveLength(seen);
  },
);

test(verifies("ACP-007", "after kill -9 and a restart a client goes on where it was"), async () => {
  const client = await connectWs(daemon.client);
  const { task_id, session_id } = await client.call<Chat>("agent.chat", { content: "task k gate=open" });
  await client.call("session.events.subscribe", { session_id });
  await client.first("the attempt to start", ({ params }) => params.type === "task.running");
  const cursor = eventIds(client).at(-1) ?? 0;
  await daemon.kill();
  await client.closed;
  rig.stub.open("open");
  daemon = await rig.start();
  const later = await connectWs(daemon.client);
  const subscribed = await later.call<Subscribed>("session.events.subscribe", {
    session_id,
    from_event_id: cursor,
  });
  expect(subscribed.latest_event_id).toBeGreaterThanOrEqual(cursor);
  await later.first("the end", ({ params }) => params.state_to === "SUCCEEDED");
  const log = await readEvents(daemon.client, task_id);
  expect([...eventIds(client), ...eventIds(later)]).toEqual(log.map(({ seq }) => seq));
  for (const from_event_id of [0, cursor])
    expect(
      (await later.ask("session.events.subscribe", { session_id, from_event_id })).error,
    ).toBeUndefined();
  await daemon.stop();
  const db = new Database(join(rig.home, "goclaw.db"));
  db.prepare("DELETE FROM task_events WHERE seq <= ?").run(cursor);
  db.close();
  daemon = await rig.start();
  const last = await connectWs(daemon.client);
  const old = await last.ask("session.events.subscribe", { session_id, from_event_id: cursor });
  expect(old.error).toMatchObject({ code: 1000, data: { code: "REPLAY_GAP" } });
  const rest = await last.call<Subscribed>("session.events.subscribe", { session_id });
  expect(eventIds(last)).toEqual(log.map(({ seq }) => seq).filter((seq) => seq > cursor));
  expect(rest).toMatchObject({ replayed: eventIds(last).length, latest_event_id: log.at(-1)?.seq });
  const ahead = await last.ask("session.events.subscribe", { session_id, from_event_id: 999_999 });
  expect(ahead.error).toMatchObject({ code: 1000, data: { code: "REPLAY_GAP" } });
  expect(ahead.error?.message).toContain("replay_gap");
});

test("a daemon that stops says so to its connections, and does not wait for them", async () => {
  const client = await connectWs(daemon.client);
  const silent = await connectWs(daemon.client);
  silent.socket.pause();
  expect((await daemon.stop()).code).toBe(0);
  expect(await client.closed).toEqual({ code: 1001, reason: "SHUTTING_DOWN" });
  silent.socket.resume();
  await silent.closed;
});
