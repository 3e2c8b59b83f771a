// A look at the schedules: whose row is whose, what a look that takes long or a clock that was wrong for years does to
// them, and what is said of a slot that did not run.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { fireDue, type LookPorts } from "../../../src/engine/cron/look.ts";
import { addSchedule } from "../../../src/engine/cron/verbs.ts";
import { row } from "../../support/catalogue.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { guardOf } from "../../support/policy.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
afterAll(() => writer.close());

let logged: string[] = [];
let ids = 0;
beforeEach(() => {
  writer.clear();
  logged = [];
});

function portsOf(): LookPorts {
  const store = storeOf(writer);
  const say =
    (level: string) =>
    (_component: string, text: string): void =>
      void logged.push(`${level} ${text}`);
  return {
    ...{ store, clock: writer.clock },
    guard: guardOf("allow_capabilities: [acp.mutate]", ["acp.mutate"], store),
    agents: [{ id: "default", maxQueueDepth: 0 }] as unknown as LookPorts["agents"],
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    ...{ newId: () => `id-${String(++ids).padStart(6, "0")}`, maxAttempts: 3 },
  };
}

function schedule(id: string, name: string, more: object = {}): void {
  const nextAt = (Math.floor(writer.clock.nowMs() / MINUTE_MS) + 1) * MINUTE_MS;
  writer.call(addSchedule, {
    ...{ id, name, cronExpr: "* * * * *", timezone: "UTC", agentId: "default", prompt: `of ${id}` },
    ...{ sessionId: null, model: null, enabled: true, budgets: {}, createdBy: "token", keyId: null },
    ...{ misfire: "skip", overlap: "queue", nextAt, ...more },
  });
}

const rows = (sql: string): unknown[] => writer.db.prepare(sql).raw().all();

test(row("M-03", "a schedule whose name is another's id does not fire in its place"), async () => {
  schedule("b", "a");
  schedule("a", "z");
  writer.clock.pass(MINUTE_MS);
  await fireDue(portsOf());
  expect(
    rows("SELECT schedule_id, content FROM tasks JOIN messages ON messages.task_id = tasks.id ORDER BY 1"),
  ).toEqual([
    ["a", "of a"],
    ["b", "of b"],
  ]);
});

test("slots that were on time when the look began are not missed because it took long", async () => {
  for (const id of ["a", "b", "c"]) schedule(id, id);
  writer.clock.pass(MINUTE_MS);
  const ports = portsOf();
  const guard: LookPorts["guard"] = {
    ...ports.guard,
    permit: async (asked) => {
      writer.clock.pass(2 * MINUTE_MS);
      return ports.guard.permit(asked);
    },
  };
  await fireDue({ ...ports, guard });
  expect(rows("SELECT schedule_id, outcome FROM schedule_runs ORDER BY 1")).toEqual([
    ["a", "ran"],
    ["b", "ran"],
    ["c", "ran"],
  ]);
});

test("a clock that was years ahead, and is right again, does not silence a schedule for years", async () => {
  schedule("a", "a");
  writer.clock.jump(3_650 * DAY_MS);
  const ports = portsOf();
  await fireDue(ports);
  writer.db.exec("UPDATE tasks SET state = 'CANCELED', finished_at = 1");
  writer.clock.jump(-3_650 * DAY_MS);
  const before = rows("SELECT slot_at FROM schedule_runs").length;
  await fireDue(ports, true);
  const next = (Math.floor(writer.clock.nowMs() / MINUTE_MS) + 1) * MINUTE_MS;
  expect(rows("SELECT next_at FROM schedules")).toEqual([[next]]);
  expect(rows("SELECT slot_at FROM schedule_runs")).toHaveLength(before);
  expect(logged.at(-1)).toMatch(/^warn schedule a: the clock was set back by .*it fires next at /);
  writer.clock.pass(MINUTE_MS);
  await fireDue(ports);
  expect(rows("SELECT outcome FROM schedule_runs ORDER BY slot_at LIMIT 1")).toEqual([["ran"]]);
});

test("a slot that does not run is in the log, with the reason", async () => {
  schedule("a", "a", { misfire: "once", overlap: "skip" });
  writer.clock.pass(5 * MINUTE_MS);
  const ports = portsOf();
  await fireDue(ports);
  writer.clock.pass(MINUTE_MS);
  await fireDue(ports);
  expect(logged).toEqual([
    expect.stringMatching(/^warn schedule a: 4 slots did not run: no daemon was there in time/),
    "info schedule a fired",
    expect.stringMatching(/^warn schedule a: 1 slot did not run: task id-\d+ of an earlier slot is QUEUED/),
  ]);
});

test("a firing has one trace from the policy's yes to its task", async () => {
  schedule("a", "a");
  writer.clock.pass(MINUTE_MS);
  await fireDue(portsOf());
  expect(
    rows("SELECT audit.trace_id = tasks.trace_id FROM audit JOIN tasks ON tasks.id = audit.task_id"),
  ).toEqual([[1]]);
});

test(row("M-03", "a firing that is refused to a key is in the audit chain"), async () => {
  schedule("a", "a", { keyId: "k", createdBy: "key:k" });
  writer.clock.pass(MINUTE_MS);
  await fireDue(portsOf());
  expect(rows("SELECT decision, code, rule, task_id FROM audit")).toEqual([
    ["deny", "KEY_DENIED", "api key", null],
  ]);
});
