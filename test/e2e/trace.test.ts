// What an operator can find out afterwards: one trace id from the submission through everything that came of it, log
// lines that programs can read, and events that tell the story without anything else.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { replyByDirective, type StubToolCall } from "../support/directive.ts";
import { ask as askHome } from "../support/home-sql.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, readTask, submit, taskWhere, type WireTask } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { connectWs, noted } from "../support/ws.ts";

let rig: Rig;
afterEach(() => rig.close());

type Line = Readonly<Record<string, unknown>>;
const linesOf = (text: string): Line[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
const logged = (): Line[] => linesOf(readFileSync(join(rig.home, "logs/system.jsonl"), "utf8"));

const ask = <T>(sql: string): T[] => askHome<T>(rig.home, sql);

/** What the model wants at its first turn, by the first words of the prompt. */
function script(wants: Readonly<Record<string, readonly StubToolCall[]>>): void {
  rig.stub.use((body, place) => {
    const toolCalls = place.turn === 0 ? wants[place.key] : undefined;
    return toolCalls === undefined ? replyByDirective(body, place) : { toolCalls };
  });
}

test(
  verifies(
    "RUN-004",
    "the trace of a submission is on tasks, events, log lines and audit of all that came of it",
  ),
  async () => {
    rig = await createRig({ config: { log_level: "debug" } });
    script({
      "task-parent": [{ name: "spawn_task", args: { prompt: "task child", wait: true } }],
      "task-child": [{ name: "send_alert", args: { severity: "info", title: "t", body: "hello" } }],
    });
    const daemon = await rig.start();
    const reply = await daemon.client.post("/api/v1/tasks", { agent: "default", prompt: "task parent" });
    const { task_id: parent, task } = reply.json<{
      task_id: string;
      task: WireTask & { trace_id: string };
    }>();
    const trace = task.trace_id;
    expect(trace).toMatch(/^[0-9a-f-]{36}$/);
    await ended(daemon.client, parent);
    await ended(daemon.client, await submit(daemon.client, "task stranger"));
    const family = ask<{ id: string; session_id: string }>("SELECT id, session_id FROM tasks LIMIT 2");
    expect(family).toHaveLength(2);
    for (const { id, session_id: session } of family) {
      const ids = { trace_id: trace, task_id: id, session_id: session };
      expect(await readTask(daemon.client, id)).toMatchObject({ trace_id: trace, session_id: session });
      const events = await readEvents(daemon.client, id);
      expect(events).toEqual(events.map(() => expect.objectContaining(ids)));
      const lines = logged().filter(({ task_id }) => task_id === id);
      expect(lines).toEqual(lines.map(() => expect.objectContaining(ids)));
      // One line an event, in order.
      expect(lines.map(({ msg }) => msg)).toEqual(events.map(({ type }) => type));
      const stream = await daemon.client.stream("GET", `/api/v1/task/stream?task_id=${id}`);
      const sent = (await stream.all()).filter(({ event }) => event === "status" || event === "tool");
      expect(sent.length).toBeGreaterThanOrEqual(5);
      for (const { data } of sent) expect(JSON.parse(data)).toMatchObject(ids);
      const ws = await connectWs(daemon.client);
      await ws.call("session.events.subscribe", { session_id: session });
      const told = noted(ws, "session.event");
      expect(told).toEqual(events.map(() => expect.objectContaining(ids)));
      await ws.close();
    }
    const audit = ask<{ capability: string }>(
      `SELECT DISTINCT capability FROM audit WHERE trace_id = '${trace}' ORDER BY capability`,
    );
    expect(audit.map(({ capability }) => capability)).toEqual([
      "acp.mutate",
      "tools.send_alert",
      "tools.spawn_task",
    ]);
    const traces = new Set(logged().flatMap(({ trace_id }) => trace_id ?? []));
    expect(traces.size).toBe(2);
  },
);

test(
  verifies("OBS-001", "a daemon says nothing on stdout, and nothing but JSON objects elsewhere"),
  async () => {
    rig = await createRig();
    const first = await rig.start();
    await ended(first.client, await submit(first.client, "task fine tools=now"));
    const dead = await submit(first.client, "task dead fault=500:9");
    await ended(first.client, dead);
    const bad = await submit(first.client, "task bad fault=400");
    await ended(first.client, bad);
    await first.client.post("/api/v1/tasks", { nonsense: true });
    await first.kill();
    const second = await rig.start();
    await second.stop();
    for (const daemon of [first, second]) {
      expect(daemon.stdout()).toBe("");
      const lines = linesOf(daemon.stderr());
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) {
        expect(line).toMatchObject({
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          level: expect.stringMatching(/^(debug|info|warn|error)$/),
          component: expect.any(String),
          msg: expect.any(String),
        });
      }
    }
    // The file holds what standard error was told.
    expect(logged()).toEqual([...linesOf(first.stderr()), ...linesOf(second.stderr())]);
    // Unasked, the log says what went wrong with a task, and why.
    const wrong = logged()
      .filter(({ level, component }) => component === "task" && level === "warn")
      .map(({ task_id, msg, code }) => [task_id, msg, code]);
    expect(wrong).toEqual([
      [dead, "task.failed", expect.any(String)],
      [dead, "task.dead_letter", "DEAD_LETTER_MAX_ATTEMPTS"],
      [bad, "task.failed", "PROVIDER_BAD_REQUEST"],
    ]);
  },
);

/** What one can make of a task's events, and of nothing else. */
async function storyOf(daemon: Daemon, id: string): Promise<string[]> {
  return (await readEvents(daemon.client, id)).flatMap(({ type, payload, reason_code: code }) => {
    if (type === "model.end") return [`${payload.provider}/${payload.model}: ${payload.stop_reason}`];
    if (type === "tool.end") return [`${payload.tool}: ${payload.status}`];
    if (type === "tool.refused") return [`${payload.tool}: ${code}`];
    if (type === "approval.required") return [`asked: ${payload.kind} ${payload.capability}`];
    if (type === "task.retry_wait")
      return [`waited: ${code} ${String(payload.message ?? "").slice(0, 24)}`.trim()];
    return [];
  });
}

test(
  verifies("OBS-002", "models, tools, their outcomes and every wait can be read from the events alone"),
  async () => {
    const tools = ["now", "send_alert", "read_file", "ask_user"].map((name) => `tools.${name}`);
    rig = await createRig({ allow: ["acp.*", "admin.approve", ...tools] });
    script({
      "task-story": [
        { name: "now", args: {} },
        { name: "nonsense", args: {} },
        { name: "write_file", args: { path: "x", content: "y" } },
        { name: "read_file", args: { path: "not-there" } },
        { name: "ask_user", args: { question: "Go on?" } },
        { name: "send_alert", args: { severity: "info", title: "t", body: "hello" } },
      ],
    });
    const daemon = await rig.start();
    const id = await submit(daemon.client, "task story");
    await taskWhere(daemon.client, id, "asks", ({ reason_code }) => reason_code === "AWAITING_INPUT");
    const [question] = rig.read((db) => db.approvals(id));
    const answered = await daemon.client.post(`/api/v1/approvals/${question?.id}`, { answer: "yes" });
    expect(answered.status, answered.text).toBe(200);
    await ended(daemon.client, id);
    expect(await storyOf(daemon, id)).toEqual([
      "stub/m: tool_calls",
      "now: DONE",
      "nonsense: TOOL_UNKNOWN",
      "write_file: CAP_DENIED",
      "read_file: FAILED",
      "asked: question tools.ask_user",
      "waited: AWAITING_INPUT the agent asks something",
      "ask_user: DONE",
      "send_alert: DONE",
      "stub/m: stop",
    ]);
    const flaky = await submit(daemon.client, "task flaky fault=500:1");
    await ended(daemon.client, flaky);
    expect(await storyOf(daemon, flaky)).toEqual([
      "waited: RETRY_PROVIDER_OVERLOADED stub (m) answered 500: t",
      "stub/m: stop",
    ]);
  },
);
