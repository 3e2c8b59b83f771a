// Questions for a person over the WebSocket: they arrive unasked at those who may see them, and are answered there.

import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { type KeyRig, startKeyRig } from "../support/keys.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";
import { connectWs, noted, refusal } from "../support/ws.ts";

const POLICY = {
  allow: ["acp.read", "acp.mutate", "admin.*", "tools.now", "tools.ask_user"],
  policy: { rules: [{ effect: "ask", capability: "tools.send_alert", reason: "alerts wake people" }] },
};

let rig: Rig | KeyRig;
afterEach(() => rig.close());

interface Chat {
  readonly task_id: string;
  readonly session_id: string;
}
interface Approval {
  readonly approval_id: string;
  readonly status: string;
  readonly approval: { readonly task_id: string; readonly act: object };
}

test(
  verifies(
    "SEC-008",
    "an approval is asked for and given over the socket, and the stream goes on to its end",
  ),
  async () => {
    rig = await createRig(POLICY);
    const { client: http } = await rig.start();
    const client = await connectWs(http);
    const other = await connectWs(http);
    const answered = client.call<Chat & { content: string }>("agent.chat.stream", {
      content: "task a tools=send_alert",
    });
    const asked = await other.first("the question", ({ method }) => method === "approval.required");
    const { approval_id, status, approval } = asked.params as unknown as Approval;
    expect([status, rig.sink.calls]).toEqual(["PENDING", []]);
    expect(approval).toMatchObject({
      id: approval_id,
      act: { tool: "send_alert" },
      reason: "alerts wake people",
    });
    const listed = await client.call<{ approvals: { id: string }[] }>("approval.list", { status: "PENDING" });
    expect(listed.approvals.map(({ id }) => id)).toEqual([approval_id]);
    const given = await client.call("approval.respond", { approval_id, decision: "approve", note: "go" });
    expect(given).toMatchObject({ approval: { status: "APPROVED", decided_by: "token" } });
    const { task_id, content } = await answered;
    expect([task_id, content]).toEqual([approval.task_id, "done a"]);
    expect(rig.sink.callsOf("task-a")).toHaveLength(1);
    for (const peer of [client, other]) {
      await peer.first("its use", ({ params }) => params.status === "USED");
      expect(noted(peer, "approval.updated").map((news) => news.status)).toEqual(["APPROVED", "USED"]);
    }
    const again = await client.ask("approval.respond", { approval_id, decision: "deny" });
    expect(again.error).toMatchObject({ code: -32009, data: { code: "APPROVAL_DECIDED" } });
  },
);

test("a task that is canceled while it asks withdraws its question, and that is told", async () => {
  rig = await createRig(POLICY);
  const { client: http } = await rig.start();
  const client = await connectWs(http);
  const { task_id } = await client.call<Chat>("agent.chat", { content: "task w tools=send_alert" });
  const asked = await client.first("the question", ({ method }) => method === "approval.required");
  await client.call("agent.abort", { task_id });
  const told = await client.first("its end", ({ method }) => method === "approval.updated");
  expect(told.params).toMatchObject({ approval_id: asked.params.approval_id, status: "EXPIRED" });
  const events = await readEvents(http, task_id);
  expect(events.slice(-2).map(({ type }) => type)).toEqual(["approval.updated", "task.canceled"]);
});

test(row("E-04", "of answers at once over sockets and REST one counts"), async () => {
  rig = await createRig(POLICY);
  const { client: http } = await rig.start();
  const client = await connectWs(http);
  const { task_id } = await client.call<Chat>("agent.chat", { content: "task r tools=send_alert" });
  const asked = await client.first("the question", ({ method }) => method === "approval.required");
  const { approval_id } = asked.params;
  const answers = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const decision = index % 3 === 0 ? "approve" : "deny";
      if (index % 2 === 0)
        return (await http.post(`/api/v1/approvals/${approval_id}`, { decision })).status === 200;
      return (await client.ask("approval.respond", { approval_id, decision })).result !== undefined;
    }),
  );
  expect(answers.filter(Boolean)).toHaveLength(1);
  await ended(http, task_id);
});

test("questions and approvals of an agent are told to its own keys only, and answered with neither", async () => {
  rig = await startKeyRig();
  const { addKey, daemon } = rig as KeyRig;
  const mine = await connectWs((await addKey("mine", "--agents", "a")).client);
  const foreign = await connectWs((await addKey("foreign", "--agents", "b")).client);
  const silent = await connectWs(daemon.client, { hello: false });
  const admin = await connectWs(daemon.client);
  const args = { question: "Which colour?", options: ["red", "blue"] };
  rig.stub.use((_, { turn }) => (turn === 0 ? { toolCalls: [{ name: "ask_user", args }] } : { text: "ok" }));
  const { task_id } = await mine.call<Chat>("agent.chat", { content: "task q", agent_id: "a" });
  for (const peer of [mine, admin]) {
    const asked = await peer.first("the question", ({ method }) => method === "approval.required");
    expect(asked.params).toMatchObject({
      approval: { kind: "question", act: { question: "Which colour?" } },
    });
  }
  const { approval_id } = admin.notes[0]?.params ?? {};
  const refused = await mine.ask("approval.respond", { approval_id, answer: "red" });
  expect(refused.error).toMatchObject({ code: -32003, data: { code: "KEY_DENIED" } });
  await admin.call("approval.respond", { approval_id, answer: "blue" });
  await ended(daemon.client, task_id);
  await mine.first("the end of the question", ({ params }) => params.status === "APPROVED");
  await foreign.call("system.status");
  expect([...foreign.notes, ...silent.notes]).toEqual([]);
});

test(
  row(["B-04", "B-11"], "a key is what it is: scopes in hello, foreign sessions as if they were not there"),
  async () => {
    rig = await startKeyRig();
    const { addKey, daemon } = rig as KeyRig;
    const admin = await connectWs(daemon.client);
    const chat = await admin.call<Chat>("agent.chat", { content: "task x", agent_id: "b" });
    const { client } = await addKey("narrow", "--agents", "a", "--scopes", "acp.read");
    const peer = await connectWs(client, { hello: false });
    const greedy = await peer.ask("system.hello", { client: "tui", scopes: ["admin"], is_owner: true });
    expect(greedy.error).toMatchObject({ code: -32602 });
    const hello = await peer.call<{ methods: string[] }>("system.hello", { client: "tui" });
    expect(hello).toMatchObject({ agents: ["a"], capabilities: ["acp.read"] });
    expect(hello.methods).toEqual(expect.arrayContaining(["task.get", "session.events.subscribe"]));
    for (const closed of ["agent.chat", "key.add", "approval.respond", "session.list"])
      expect(hello.methods).not.toContain(closed);
    const shown = { display_name: expect.any(String), active_tasks: 0 };
    expect(await peer.call("agent.list")).toEqual({
      agents: [expect.objectContaining({ agent_id: "a", ...shown })],
    });
    for (const session_id of [chat.session_id, "0190a000-0000-7000-8000-00000000000f", "*", "../", "no"]) {
      const { error } = await peer.ask("session.events.subscribe", { session_id });
      expect(error?.data.code).toBe("SESSION_NOT_FOUND");
      expect(error?.message).toBe(`there is no session ${JSON.stringify(session_id)}`);
    }
    for (const [method, params] of [
      ["agent.chat", { content: "task no", agent_id: "a" }],
      ["agent.status", { agent_id: "b" }],
      ["agent.abort", { task_id: chat.task_id }],
      ["key.add", { name: "n", agents: ["*"] }],
    ] as const)
      expect([method, (await peer.ask(method, params)).error?.data.code]).toEqual([method, "KEY_DENIED"]);
  },
);

test("another agent that joins a followed session is not shown to the key", async () => {
  rig = await startKeyRig();
  const { addKey, daemon } = rig as KeyRig;
  const admin = await connectWs(daemon.client);
  const peer = await connectWs((await addKey("a", "--agents", "a")).client);
  const { session_id } = await peer.call<Chat>("agent.chat", { content: "task own", agent_id: "a" });
  for (const one of [peer, admin]) await one.call("session.events.subscribe", { session_id });
  const { task_id } = await admin.call<Chat>("agent.chat", { content: "task b", agent_id: "b", session_id });
  const isOver = ({ params }: { params: Readonly<Record<string, unknown>> }) =>
    params.task_id === task_id && params.state_to === "SUCCEEDED";
  await admin.first("its end", isOver);
  await peer.call("agent.list");
  const shown = noted(peer, "session.event");
  expect(shown.some((event) => event.agent_id === "a")).toBe(true);
  expect(shown.some((event) => event.agent_id === "b")).toBe(false);
});

test(verifies("ACP-003", "a revoked key and a rotated token lose their sockets"), async () => {
  rig = await startKeyRig();
  const { addKey, daemon, home } = rig as KeyRig;
  const first = await connectWs((await addKey("first", "--agents", "a")).client);
  const second = await connectWs((await addKey("second", "--agents", "a")).client);
  const admin = await connectWs(daemon.client);
  expect((await runCli(home, ["key", "revoke", "first"])).code).toBe(0);
  expect(await first.closed).toEqual({ code: 1008, reason: "AUTH_INVALID" });
  expect(await admin.call("key.revoke", { key: "second" })).toMatchObject({ key: { status: "revoked" } });
  expect((await second.closed).code).toBe(1008);
  const idle = await connectWs(daemon.client);
  expect((await runCli(home, ["token", "rotate"])).code).toBe(0);
  expect(await idle.closed).toEqual({ code: 1008, reason: "AUTH_INVALID" });
  expect((await admin.closed).code).toBe(1008);
});

test("a key's requests a minute count on a connection as they do over HTTP, and so do its connections", async () => {
  rig = await startKeyRig();
  const { addKey } = rig as KeyRig;
  const { client } = await addKey("slow", "--agents", "a", "--rpm", "4");
  const peer = await connectWs(client);
  await peer.call("agent.list");
  await peer.call("agent.list");
  const { error } = await peer.ask("agent.list");
  expect(error).toMatchObject({ code: 4290, data: { code: "RATE_LIMITED", retryable: true } });
  expect((await client.get("/api/v1/tasks")).status).toBe(429);
  const many = (await addKey("many", "--agents", "a")).client;
  const peers = await Promise.all(Array.from({ length: 16 }, () => connectWs(many)));
  const options = { headers: { "x-api-key": many.token } };
  expect(await refusal(many, options)).toEqual({ status: 429, code: "LIMIT_CONN" });
  await peers[0]?.close();
  const freed = await until("a place to be free", () => connectWs(many).catch(() => undefined));
  await freed.call("agent.list");
});
