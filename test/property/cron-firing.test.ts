// Firing under a clock that the test owns: outages of any length, clocks that are set forward and back, runs that take
// their time. Every slot leaves exactly one trace, and the policy for missed and overlapping ones is kept to the letter.

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  CATCH_UP_MAX,
  MISFIRES,
  type Misfire,
  ON_TIME_MS,
  OVERLAPS,
  type Overlap,
} from "../../src/domain/schedule.ts";
import { fireDue, type LookPorts } from "../../src/engine/cron/look.ts";
import { addSchedule, switchOn } from "../../src/engine/cron/verbs.ts";
import { cancel } from "../../src/queue/cancel.ts";
import { row } from "../support/catalogue.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../support/inline-writer.ts";
import { guardOf } from "../support/policy.ts";

const MINUTE_MS = 60_000;
const EVERY_MS = 15 * MINUTE_MS;

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
afterAll(() => writer.close());

let ids = 0;
const logged: string[] = [];

function portsOf(policy = "allow_capabilities: [acp.mutate]"): LookPorts {
  const store = storeOf(writer);
  const say = (_component: string, text: string): void => void logged.push(text);
  return {
    ...{ store, clock: writer.clock, guard: guardOf(policy, ["acp.mutate", "acp.read"], store) },
    agents: [{ id: "default", maxQueueDepth: 0 }] as unknown as LookPorts["agents"],
    log: { debug: say, info: say, warn: say, error: say },
    ...{ newId: () => `id-${String(++ids).padStart(6, "0")}`, maxAttempts: 3 },
  };
}

const nextAfter = (at: number): number => (Math.floor(at / EVERY_MS) + 1) * EVERY_MS;

function schedule(misfire: Misfire, overlap: Overlap, more: { cronExpr?: string } = {}): void {
  writer.call(addSchedule, {
    ...{ id: "s", name: "s", cronExpr: "*/15 * * * *", timezone: "UTC", agentId: "default", prompt: "tick" },
    ...{ sessionId: null, model: null, enabled: true, budgets: {}, createdBy: "token", keyId: null },
    ...{ misfire, overlap, nextAt: nextAfter(writer.clock.nowMs()), ...more },
  });
}

interface RunRow {
  readonly slot_at: number;
  readonly outcome: string;
  readonly since_at: number | null;
  readonly task_id: string | null;
  readonly reason_code: string | null;
}
const runRows = (): RunRow[] =>
  writer.db.prepare("SELECT * FROM schedule_runs ORDER BY slot_at").all() as RunRow[];
const taskIds = (): string[] => writer.db.prepare("SELECT id FROM tasks").pluck().all() as string[];

/** What must come of it, in its own words. */
interface Model {
  nextAt: number;
  running: number | null;
  readonly waiting: { slot: number; late: boolean }[];
  readonly outcomes: Map<number, string>;
}

function lookOf(model: Model, misfire: Misfire, overlap: Overlap, now: number): void {
  const due: number[] = [];
  for (; model.nextAt <= now; model.nextAt += EVERY_MS) due.push(model.nextAt);
  const late = (slot: number): boolean => now > slot + ON_TIME_MS;
  const seen = due.slice(-CATCH_UP_MAX - 1);
  const newest = seen.slice(-1);
  const wanted =
    misfire === "all"
      ? seen.slice(-CATCH_UP_MAX)
      : misfire === "once"
        ? newest
        : newest.filter((slot) => !late(slot));
  for (const slot of seen) if (!wanted.includes(slot)) model.outcomes.set(slot, "missed");
  for (const slot of wanted) {
    const patient = overlap === "queue" || (misfire === "all" && late(slot));
    const free = model.running === null && model.waiting.length === 0;
    if (model.waiting.length < CATCH_UP_MAX && (patient || free)) {
      model.waiting.push({ slot, late: late(slot) });
      model.outcomes.set(slot, "waiting");
    } else model.outcomes.set(slot, "skipped");
  }
  const next = model.running === null ? model.waiting.shift() : undefined;
  if (next === undefined) return;
  model.running = next.slot;
  model.outcomes.set(next.slot, next.late ? "caught_up" : "ran");
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ pass: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ pass: fc.integer({ min: 40, max: 3_000 }) }) },
  { weight: 1, arbitrary: fc.record({ jump: fc.integer({ min: -120, max: 120 }) }) },
  { weight: 2, arbitrary: fc.constant({ end: true }) },
);

test("every slot leaves one trace, whatever the clock and the runs do", async () => {
  const policy = fc.tuple(fc.constantFrom(...MISFIRES), fc.constantFrom(...OVERLAPS));
  await fc.assert(
    fc.asyncProperty(policy, fc.array(step, { maxLength: 25 }), async ([misfire, overlap], steps) => {
      writer.clear();
      schedule(misfire, overlap);
      const first = nextAfter(writer.clock.nowMs());
      const ports = portsOf();
      const model: Model = { nextAt: first, running: null, waiting: [], outcomes: new Map() };
      for (const one of steps) {
        if ("pass" in one) writer.clock.pass(one.pass * MINUTE_MS);
        else if ("jump" in one) writer.clock.jump(one.jump * MINUTE_MS);
        else if (model.running !== null) {
          const { task_id } = runRows().find(({ slot_at }) => slot_at === model.running) as RunRow;
          writer.call(cancel, { taskId: task_id as string });
          model.running = null;
        }
        await fireDue(ports);
        lookOf(model, misfire, overlap, writer.clock.nowMs());
        const rows = runRows();
        expect(new Map(rows.map(({ slot_at, outcome }) => [slot_at, outcome]))).toEqual(model.outcomes);
        // Nothing is left out: each slot has its row, or stands in one that says since when it speaks.
        let covered = first;
        for (const { slot_at, since_at } of rows) {
          expect(since_at ?? slot_at).toBe(covered);
          covered = slot_at + EVERY_MS;
        }
        expect(covered).toBe(model.nextAt);
        expect(rows.flatMap(({ task_id }) => task_id ?? []).sort()).toEqual(taskIds().sort());
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

beforeEach(() => {
  writer.clear();
  logged.length = 0;
});

const late = 3 * EVERY_MS + 5 * MINUTE_MS;

test("without the right to submit nothing fires, and the slot says why", async () => {
  schedule("once", "skip");
  writer.clock.pass(late);
  await fireDue(portsOf("allow_capabilities: [acp.read]"));
  const rows = runRows();
  expect(rows.at(-1)).toMatchObject({ outcome: "skipped", reason_code: "CAP_DENIED", task_id: null });
  expect(taskIds()).toEqual([]);
  expect(writer.db.prepare("SELECT decision, principal FROM audit").all()).toEqual([
    { decision: "deny", principal: "schedule:s" },
  ]);
});

test("an agent that is gone, and a full queue, leave their reason", async () => {
  schedule("once", "skip");
  writer.clock.pass(late);
  await fireDue({ ...portsOf(), agents: [] });
  expect(runRows().at(-1)).toMatchObject({ outcome: "skipped", reason_code: "AGENT_NOT_FOUND" });
  const narrow = [{ id: "default", maxQueueDepth: 1 }] as unknown as LookPorts["agents"];
  writer.db.exec("UPDATE schedules SET overlap = 'queue'");
  writer.clock.pass(EVERY_MS);
  await fireDue({ ...portsOf(), agents: narrow });
  expect(runRows().at(-1)).toMatchObject({ outcome: "caught_up" });
  // The first is still in the queue; it is no longer the schedule's, so the next may have its turn, if there were room.
  writer.db.exec("UPDATE tasks SET schedule_id = NULL");
  writer.clock.pass(EVERY_MS);
  await fireDue({ ...portsOf(), agents: narrow });
  expect(runRows().at(-1)).toMatchObject({ outcome: "skipped", reason_code: "QUEUE_FULL" });
});

test(
  row("M-06", "an expression that became invalid switches its schedule off, once, with a record"),
  async () => {
    schedule("once", "skip");
    writer.db.exec("UPDATE schedules SET cron_expr = '* * * * * *'");
    writer.clock.pass(late);
    const ports = portsOf();
    for (let look = 0; look < 3; look++) await fireDue(ports);
    expect(writer.db.prepare("SELECT off, next_at FROM schedules").get()).toEqual({
      off: expect.stringMatching(/^invalid: .*six fields/),
      next_at: null,
    });
    expect([runRows(), taskIds()]).toEqual([[], []]);
    expect(writer.db.prepare("SELECT decision, rule, code FROM audit").all()).toEqual([
      { decision: "deny", rule: "invalid schedule", code: "BAD_REQUEST" },
    ]);
    expect(logged).toEqual([expect.stringContaining("schedule s is off")]);
  },
);

test("a schedule that fails does not keep the others from firing", async () => {
  schedule("once", "skip");
  writer.db.exec(`
    INSERT INTO schedules SELECT 't', 't', cron_expr, timezone, agent_id, prompt, session_id, model, misfire, overlap, off,
      source, created_by, key_id, budgets, labels, next_at, created_at, updated_at, removed_at FROM schedules`);
  writer.clock.pass(late);
  const ports = portsOf();
  const run: LookPorts["store"]["run"] = (verb, input) =>
    (input as { scheduleId?: string }).scheduleId === "s"
      ? Promise.reject(new Error("no"))
      : ports.store.run(verb, input);
  await expect(fireDue({ ...ports, store: { ...ports.store, run } })).rejects.toThrow("no");
  expect(runRows().filter(({ task_id }) => task_id !== null)).toHaveLength(1);
});

test("a slot that fired already does not fire again when a schedule is switched back on before it", async () => {
  schedule("once", "skip");
  const slot = nextAfter(writer.clock.nowMs());
  writer.clock.pass(EVERY_MS);
  const ports = portsOf();
  await fireDue(ports);
  expect(taskIds()).toHaveLength(1);
  writer.db.exec("UPDATE tasks SET state = 'CANCELED', finished_at = 1");
  writer.db.exec("UPDATE schedules SET off = 'operator', next_at = NULL");
  writer.call(switchOn, { id: "s", nextAt: slot });
  await fireDue(ports);
  expect([taskIds().length, runRows().length]).toEqual([1, 1]);
});
