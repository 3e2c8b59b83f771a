// Budgets on the real verbs: whatever calls start, end, fail or die in whatever order, what is reserved and settled
// never passes a cap by more than calls exceeded their own estimates.

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { limitsOf } from "../../src/domain/budget.ts";
import { release, releaseOrphans } from "../../src/journal/budget.ts";
import { claim } from "../../src/queue/claim.ts";
import { recoverOrphans } from "../../src/queue/recover.ts";
import { type InlineWriter, openInlineWriter } from "../support/inline-writer.ts";
import { claimInput } from "../support/inputs.ts";
import { createBudgetBench, type Running } from "./budget-bench.ts";

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
const RESERVED = { type: "reserved", passedOver: [] };
const refusedBy = (refusal: object) => ({ type: "exceeded", refusals: [refusal] });

const amount = fc.integer({ min: 1, max: 400 }).map((cents) => cents / 100);
const act = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("start" as const),
      agent: fc.constantFrom("a", "b"),
      usd: amount,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("answer" as const), over: fc.constantFrom(0.2, 1, 1.5) }),
  },
  fc.record({ type: fc.constant("fail" as const) }),
  fc.record({ type: fc.constant("crash" as const) }),
);

test("no order of starts, answers, failures and crashes passes a cap by more than the excess of calls in flight", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      writer.clear();
      let inFlight: { task: Running; usd: number }[] = [];
      let excess = 0;
      for (const step of acts) {
        if (step.type === "start") {
          const task = bench.run(step.agent);
          const limits = step.agent === "a" ? [...ALL, ...OWN] : ALL;
          const { type } = bench.want(task, 0, step.usd, limits);
          if (type === "reserved") inFlight.push({ task, usd: step.usd });
        } else if (step.type === "crash") {
          writer.call(releaseOrphans, { owner: "the next boot" });
          writer.call(recoverOrphans, { owner: "the next boot" });
          inFlight = [];
        } else {
          const call = inFlight.shift();
          if (call === undefined) continue;
          if (step.type === "fail") writer.call(release, { ...call.task, turn: 0 });
          else {
            bench.settle(call.task, 0, call.usd * step.over);
            excess += Math.max(0, call.usd * (step.over - 1));
          }
        }
        const held = (agents: string): number =>
          inFlight.filter(({ task }) => agents.includes(task.agentId)).reduce((sum, { usd }) => sum + usd, 0);
        expect(bench.reservations()).toBe(inFlight.length);
        expect(bench.spent("all", "day") + held("ab")).toBeLessThanOrEqual(10 + excess + 1e-9);
        expect(bench.spent("agent:a", "day") + held("a")).toBeLessThanOrEqual(4 + excess + 1e-9);
      }
    }),
    { numRuns: 60 },
  );
});

test("the limit that stands in the way is named, with what is used and what is in flight", () => {
  const [first, second] = [bench.run("a"), bench.run("a")];
  expect(bench.want(first, 0, 3, [...ALL, ...OWN])).toEqual(RESERVED);
  bench.settle(first, 0, 2);
  expect(bench.want(first, 1, 1, [...ALL, ...OWN])).toEqual(RESERVED);
  expect(bench.want(second, 0, 2, [...ALL, ...OWN])).toEqual({
    ...{ type: "exceeded", refusals: [{ limit: OWN[0], used: 2, inFlight: 1, wanted: 2 }] },
  });
  expect(bench.want(bench.run("b"), 0, 7, ALL)).toEqual(RESERVED);
});

test("what a call reserved before it was tried again does not count against it", () => {
  const task = bench.run();
  expect(bench.want(task, 0, 9, ALL)).toEqual(RESERVED);
  expect(bench.want(task, 0, 9, ALL)).toEqual(RESERVED);
  expect(bench.reservations()).toBe(1);
});

test("days and months are UTC, and a new one starts with nothing spent", () => {
  const limits = limitsOf({ perDayUsd: 5, perMonthUsd: 8, onLimit: "suspend" }, "all", "budgets");
  const task = bench.run();
  expect(bench.want(task, 0, 5, limits).type).toBe("reserved");
  bench.settle(task, 0, 5);
  expect(bench.want(task, 1, 1, limits)).toMatchObject(refusedBy({ limit: { period: "day" } }));
  writer.clock.jump(86_400_000);
  expect(bench.want(task, 1, 1, limits).type).toBe("reserved");
  bench.settle(task, 1, 1);
  expect(bench.want(task, 2, 3, limits)).toMatchObject(refusedBy({ limit: { period: "month" }, used: 6 }));
  writer.clock.jump(31 * 86_400_000);
  expect(bench.want(task, 2, 3, limits).type).toBe("reserved");
  writer.clock.jump(-32 * 86_400_000);
});

test("limits of a task and of a session look at that task and that session", () => {
  const limits = limitsOf({ perTaskUsd: 2, perSessionUsd: 3, onLimit: "suspend" }, "all", "budgets");
  const [first, second, other] = [bench.run("a", "one"), bench.run("a", "one"), bench.run("a", "two")];
  expect(bench.want(first, 0, 2, limits).type).toBe("reserved");
  bench.settle(first, 0, 2);
  expect(bench.want(first, 1, 0.5, limits)).toMatchObject(refusedBy({ limit: { period: "task" } }));
  expect(bench.want(second, 0, 1.5, limits)).toMatchObject(
    refusedBy({ limit: { period: "session" }, used: 2 }),
  );
  expect(bench.want(second, 0, 1, limits).type).toBe("reserved");
  expect(bench.want(other, 0, 2, limits).type).toBe("reserved");
});

test("an answer whose real cost is unknown counts as what it reserved, and is still unknown in its own row", () => {
  const task = bench.run();
  expect(bench.want(task, 0, 4, ALL).type).toBe("reserved");
  expect(bench.settle(task, 0, null, null)).toBe(true);
  expect([bench.spent("all", "day"), bench.reservations()]).toEqual([4, 0]);
  expect(bench.one("SELECT cost_usd AS value FROM answers")).toBeNull();
});

test("an attempt that lost its lease reserves nothing, and gives back nothing of its successor's", () => {
  const lost = bench.run();
  expect(bench.want(lost, 0, 1, ALL).type).toBe("reserved");
  writer.call(recoverOrphans, { owner: "the next boot" });
  writer.call(releaseOrphans, { owner: "the next boot" });
  const [again] = writer.call(claim, claimInput({ owner: "the next boot" }));
  const heir = { ...lost, fence: again!.fence };
  expect(bench.want(heir, 0, 1, ALL, "the next boot").type).toBe("reserved");
  expect(bench.want(lost, 0, 1, ALL)).toEqual({ type: "lost" });
  writer.call(release, { ...lost, turn: 0 });
  expect(bench.reservations()).toBe(1);
  expect(bench.settle(lost, 0, 1)).toBe(false);
  writer.call(release, { ...heir, turn: 0 });
  expect(bench.reservations()).toBe(0);
});

test("a limit that is met exactly is not passed, however many small costs lead to it", () => {
  const limits = limitsOf({ perDayUsd: 1, onLimit: "suspend" }, "all", "budgets");
  const task = bench.run();
  for (let turn = 0; turn < 10; turn++) {
    expect([turn, bench.want(task, turn, 0.1, limits).type]).toEqual([turn, "reserved"]);
    bench.settle(task, turn, 0.1);
  }
  expect(bench.want(task, 10, 0.001, limits).type).toBe("exceeded");
});
