// Budgets of everybody, an agent, an API key and a provider at once, with chains of providers and calls that are billed
// for nothing: no cap is passed, and every scope adds the same purchases up.

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { limitsOf } from "../../src/domain/budget.ts";
import { recordAnswer } from "../../src/journal/answers.ts";
import { type Reserved, releaseOrphans, reserve } from "../../src/journal/budget.ts";
import { recordFailedCalls } from "../../src/journal/failed-calls.ts";
import { recoverOrphans } from "../../src/queue/recover.ts";
import { type InlineWriter, openInlineWriter } from "../support/inline-writer.ts";
import { answerOf, BOOT } from "../support/inputs.ts";
import { createBudgetBench, type Running, USAGE } from "./budget-bench.ts";

let writer: InlineWriter;
let bench: ReturnType<typeof createBudgetBench>;
beforeAll(() => {
  writer = openInlineWriter();
  bench = createBudgetBench(writer);
});
beforeEach(() => writer.clear());
afterAll(() => writer.close());

const ALL = limitsOf({ perDayUsd: 10, onLimit: "suspend" }, "all", "budgets");
const OWN = limitsOf({ perDayUsd: 4, onLimit: "suspend" }, "agent:a", "agents.a.budgets");
const amount = fc.integer({ min: 1, max: 400 }).map((cents) => cents / 100);
const KEY = limitsOf({ totalUsd: 5, onLimit: "suspend" }, "key:k", "API key k");
const AT_P = limitsOf(
  { perDayUsd: 3, perMonthUsd: 6, onLimit: "suspend" },
  "provider:p",
  "providers.p.budgets",
);

interface InFlight {
  readonly task: Running;
  readonly keyed: boolean;
  readonly usd: number;
  /** What it may cost at p; 0 when p is passed over. */
  readonly atP: number;
  readonly answers: "p" | "q";
  /** How many calls of this turn were billed for nothing. */
  lost: number;
}

const scoped = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ type: fc.constant("start" as const), agent: fc.constantFrom("a", "b"), keyed: fc.boolean() },
      ...{ usdAtP: amount, usdAtQ: amount },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("answer" as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("lose" as const), isOver: fc.boolean() }) },
  fc.record({ type: fc.constant("crash" as const) }),
  fc.record({ type: fc.constant("tomorrow" as const) }),
);

function wantEither(task: Running, keyed: boolean, usdAtP: number, usdAtQ: number): Reserved {
  const links = [
    { provider: "p", model: "m", usd: usdAtP, tokens: 100, limits: AT_P },
    { provider: "q", model: "m", usd: usdAtQ, tokens: 100, limits: [] },
  ];
  const limits = [...ALL, ...(task.agentId === "a" ? OWN : []), ...(keyed ? KEY : [])];
  const { taskId, fence } = task;
  return writer.call(reserve, { taskId, fence, turn: 0, owner: BOOT, links, limits });
}

test("limits of everybody, an agent, a key and a provider hold together, whatever is answered, billed for nothing or lost", () => {
  fc.assert(
    fc.property(fc.array(scoped, { maxLength: 50 }), (acts) => {
      writer.clear();
      let inFlight: InFlight[] = [];
      // Calls that were billed for nothing and go on have their reservation still: the next call may cost as much again.
      let excess = 0;
      let day = 0;
      for (const step of acts) {
        if (step.type === "start") {
          const task = bench.run(step.agent, undefined, step.keyed ? "k" : null);
          const got = wantEither(task, step.keyed, step.usdAtP, step.usdAtQ);
          if (got.type !== "reserved") continue;
          const over = got.passedOver.length > 0;
          const usd = over ? step.usdAtQ : Math.max(step.usdAtP, step.usdAtQ);
          const atP = over ? 0 : step.usdAtP;
          inFlight.push({ task, keyed: step.keyed, usd, atP, answers: over ? "q" : "p", lost: 0 });
        } else if (step.type === "tomorrow") {
          writer.clock.jump(86_400_000);
          day++;
        } else if (step.type === "crash") {
          writer.call(releaseOrphans, { owner: "the next boot" });
          writer.call(recoverOrphans, { owner: "the next boot" });
          inFlight = [];
        } else {
          const call = inFlight[0];
          if (call === undefined) continue;
          const { taskId, fence } = call.task;
          const most = call.answers === "p" ? call.atP : call.usd;
          if (step.type === "answer") {
            inFlight.shift();
            const answer = answerOf("x", { usage: USAGE, provider: call.answers });
            writer.call(recordAnswer, { taskId, fence, turn: 0, answer, costUsd: most * step.share });
          } else {
            const id = `${taskId} ${call.lost++}`;
            const bill = {
              id,
              provider: call.answers,
              model: "m",
              usage: USAGE,
              costUsd: most,
              errorClass: "network",
            };
            const input = { taskId, fence, turn: 0, calls: [bill], isOver: step.isOver };
            writer.call(recordFailedCalls, input);
            writer.call(recordFailedCalls, input); // sent again after a commit that was reported as failed
            if (step.isOver) inFlight.shift();
            else excess += most;
          }
        }
        const sum = (of: (call: InFlight) => number): number =>
          inFlight.reduce((all, call) => all + of(call), 0);
        expect(bench.reservations()).toBe(inFlight.length);
        expect(bench.one<number>("SELECT count(*) AS value FROM reserved_links")).toBe(
          inFlight.filter(({ atP }) => atP > 0).length,
        );
        const today = `day:${new Date(writer.clock.nowMs()).toISOString().slice(0, 10)}`;
        const most = excess + 1e-9;
        expect(
          bench.spent("key:k", "total") + sum(({ keyed, usd }) => (keyed ? usd : 0)),
        ).toBeLessThanOrEqual(5 + most);
        if (day === 0) {
          expect(bench.spent("all", today) + sum(({ usd }) => usd)).toBeLessThanOrEqual(10 + most);
          expect(bench.spent("provider:p", today) + sum(({ atP }) => atP)).toBeLessThanOrEqual(3 + most);
          expect(
            bench.spent("agent:a", today) + sum(({ task, usd }) => (task.agentId === "a" ? usd : 0)),
          ).toBeLessThanOrEqual(4 + most);
        }
      }
      writer.clock.jump(-86_400_000 * day);
      // Every scope adds the same purchases up.
      const bought = bench.one<number>("SELECT coalesce(sum(cost_usd), 0) AS value FROM purchases");
      const total = (like: string): number =>
        bench.one<number>(
          `SELECT coalesce(sum(usd), 0) AS value FROM spend_totals WHERE scope LIKE '${like}' AND period LIKE 'day:%'`,
        );
      for (const like of ["all", "agent:%", "provider:%"]) expect(total(like)).toBeCloseTo(bought, 6);
    }),
    { numRuns: 80 },
  );
});

test("a provider without room is passed over, and when no link is left each one says why", () => {
  const task = bench.run();
  const dear = wantEither(task, false, 3.5, 2);
  expect(dear).toEqual({ type: "reserved", passedOver: [{ provider: "p", model: "m" }] });
  expect(bench.one("SELECT count(*) AS value FROM reserved_links")).toBe(0);
  expect(bench.one("SELECT usd AS value FROM reservations")).toBe(2);
  const only = { provider: "p", model: "m", usd: 3.5, tokens: 1, limits: AT_P };
  const input = { taskId: task.taskId, fence: task.fence, turn: 0, owner: BOOT, limits: [] };
  expect(writer.call(reserve, { ...input, links: [only, { ...only, model: "n" }] })).toEqual({
    type: "exceeded",
    refusals: [0, 1].map(() => ({ limit: AT_P[0], used: 0, inFlight: 0, wanted: 3.5 })),
  });
});

test("what a call was billed after its task lost the lease or ended is spent, and the task is as it was", () => {
  const lost = bench.run("a", "s", "k");
  expect(bench.want(lost, 0, 1, ALL).type).toBe("reserved");
  writer.call(recoverOrphans, { owner: "the next boot" });
  const before = writer.reader.get("SELECT * FROM tasks");
  const events = bench.one("SELECT count(*) AS value FROM task_events");
  const bill = { id: "late", provider: "p", model: "m", usage: USAGE, costUsd: 0.7, errorClass: "aborted" };
  writer.call(recordFailedCalls, {
    taskId: lost.taskId,
    fence: lost.fence,
    turn: 0,
    calls: [bill],
    isOver: true,
  });
  expect(writer.reader.get("SELECT * FROM tasks")).toEqual(before);
  expect(bench.one("SELECT count(*) AS value FROM task_events")).toBe(events);
  expect(["all", "agent:a", "provider:p", "key:k"].map((scope) => bench.spent(scope, "day"))).toEqual([
    0.7, 0.7, 0.7, 0.7,
  ]);
  expect([bench.spent("key:k", "total"), bench.spent("all", "total"), bench.reservations()]).toEqual([
    0.7, 0, 0,
  ]);
});
