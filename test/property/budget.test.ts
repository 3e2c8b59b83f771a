// Budgets on the real verbs: whatever calls start, end, fail or die in whatever order, what is reserved and settled
// never passes a cap by more than calls exceeded their own estimates.

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Limit, limitsOf } from "../../src/domain/budget.ts";
import type { TokenUsage } from "../../src/domain/message.ts";
import { recordAnswer } from "../../src/journal/answers.ts";
import { type Reserved, release, releaseOrphans, reserve } from "../../src/journal/budget.ts";
import { recordFailedCalls } from "../../src/journal/failed-calls.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { recoverOrphans } from "../../src/queue/recover.ts";
import { type InlineWriter, openInlineWriter } from "../support/inline-writer.ts";
import { answerOf, BOOT, claimInput, enqueueInput } from "../support/inputs.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
beforeEach(() => writer.clear());
afterAll(() => writer.close());

interface Running {
  readonly taskId: string;
  readonly fence: number;
  readonly agentId: string;
}

let serial = 0;

function run(agentId = "default", sessionId = `s${serial}`, keyId: string | null = null): Running {
  const id = `t${++serial}`;
  writer.call(enqueue, enqueueInput(id, { agentId, sessionId, keyId }));
  const [claimed] = writer.call(claim, claimInput({ slots: 1, agentSlots: {} }));
  return { taskId: id, fence: claimed!.fence, agentId };
}

const ALL = limitsOf({ perDayUsd: 10, onLimit: "suspend" }, "all", "budgets");
const OWN = limitsOf({ perDayUsd: 4, onLimit: "suspend" }, "agent:a", "agents.a.budgets");

function want(task: Running, turn: number, usd: number, limits: readonly Limit[], owner = BOOT): Reserved {
  const links = [{ provider: "p", model: "m", usd, tokens: 100, limits: [] }];
  const call = { turn, owner, links, limits };
  return writer.call(reserve, { taskId: task.taskId, fence: task.fence, ...call });
}

const RESERVED = { type: "reserved", passedOver: [] };
const refusedBy = (refusal: object) => ({ type: "exceeded", refusals: [refusal] });

const USAGE: TokenUsage = { inputTokens: 60, outputTokens: 40, cachedTokens: 0 };

function settle(
  task: Running,
  turn: number,
  costUsd: number | null,
  usage: TokenUsage | null = USAGE,
): boolean {
  const { taskId, fence } = task;
  return writer.call(recordAnswer, { taskId, fence, turn, answer: answerOf("x", { usage }), costUsd });
}

const one = <T>(sql: string): T => writer.reader.get<{ value: T }>(sql)?.value as T;
const reservations = (): number => one("SELECT count(*) AS value FROM reservations");
const spent = (scope: string, period: string): number =>
  one<number>(
    `SELECT usd AS value FROM spend_totals WHERE scope = '${scope}' AND period LIKE '${period}%'`,
  ) ?? 0;

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
          const task = run(step.agent);
          const limits = step.agent === "a" ? [...ALL, ...OWN] : ALL;
          const { type } = want(task, 0, step.usd, limits);
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
            settle(call.task, 0, call.usd * step.over);
            excess += Math.max(0, call.usd * (step.over - 1));
          }
        }
        const held = (agents: string): number =>
          inFlight.filter(({ task }) => agents.includes(task.agentId)).reduce((sum, { usd }) => sum + usd, 0);
        expect(reservations()).toBe(inFlight.length);
        expect(spent("all", "day") + held("ab")).toBeLessThanOrEqual(10 + excess + 1e-9);
        expect(spent("agent:a", "day") + held("a")).toBeLessThanOrEqual(4 + excess + 1e-9);
      }
    }),
    { numRuns: 60 },
  );
});

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
          const task = run(step.agent, undefined, step.keyed ? "k" : null);
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
        expect(reservations()).toBe(inFlight.length);
        expect(one<number>("SELECT count(*) AS value FROM reserved_links")).toBe(
          inFlight.filter(({ atP }) => atP > 0).length,
        );
        const today = `day:${new Date(writer.clock.nowMs()).toISOString().slice(0, 10)}`;
        const most = excess + 1e-9;
        expect(spent("key:k", "total") + sum(({ keyed, usd }) => (keyed ? usd : 0))).toBeLessThanOrEqual(
          5 + most,
        );
        if (day === 0) {
          expect(spent("all", today) + sum(({ usd }) => usd)).toBeLessThanOrEqual(10 + most);
          expect(spent("provider:p", today) + sum(({ atP }) => atP)).toBeLessThanOrEqual(3 + most);
          expect(
            spent("agent:a", today) + sum(({ task, usd }) => (task.agentId === "a" ? usd : 0)),
          ).toBeLessThanOrEqual(4 + most);
        }
      }
      writer.clock.jump(-86_400_000 * day);
      // Every scope adds the same purchases up.
      const bought = one<number>("SELECT coalesce(sum(cost_usd), 0) AS value FROM purchases");
      const total = (like: string): number =>
        one<number>(
          `SELECT coalesce(sum(usd), 0) AS value FROM spend_totals WHERE scope LIKE '${like}' AND period LIKE 'day:%'`,
        );
      for (const like of ["all", "agent:%", "provider:%"]) expect(total(like)).toBeCloseTo(bought, 6);
    }),
    { numRuns: 80 },
  );
});

test("a provider without room is passed over, and when no link is left each one says why", () => {
  const task = run();
  const dear = wantEither(task, false, 3.5, 2);
  expect(dear).toEqual({ type: "reserved", passedOver: [{ provider: "p", model: "m" }] });
  expect(one("SELECT count(*) AS value FROM reserved_links")).toBe(0);
  expect(one("SELECT usd AS value FROM reservations")).toBe(2);
  const only = { provider: "p", model: "m", usd: 3.5, tokens: 1, limits: AT_P };
  const input = { taskId: task.taskId, fence: task.fence, turn: 0, owner: BOOT, limits: [] };
  expect(writer.call(reserve, { ...input, links: [only, { ...only, model: "n" }] })).toEqual({
    type: "exceeded",
    refusals: [0, 1].map(() => ({ limit: AT_P[0], used: 0, inFlight: 0, wanted: 3.5 })),
  });
});

test("what a call was billed after its task lost the lease or ended is spent, and the task is as it was", () => {
  const lost = run("a", "s", "k");
  expect(want(lost, 0, 1, ALL).type).toBe("reserved");
  writer.call(recoverOrphans, { owner: "the next boot" });
  const before = writer.reader.get("SELECT * FROM tasks");
  const events = one("SELECT count(*) AS value FROM task_events");
  const bill = { id: "late", provider: "p", model: "m", usage: USAGE, costUsd: 0.7, errorClass: "aborted" };
  writer.call(recordFailedCalls, {
    taskId: lost.taskId,
    fence: lost.fence,
    turn: 0,
    calls: [bill],
    isOver: true,
  });
  expect(writer.reader.get("SELECT * FROM tasks")).toEqual(before);
  expect(one("SELECT count(*) AS value FROM task_events")).toBe(events);
  expect(["all", "agent:a", "provider:p", "key:k"].map((scope) => spent(scope, "day"))).toEqual([
    0.7, 0.7, 0.7, 0.7,
  ]);
  expect([spent("key:k", "total"), spent("all", "total"), reservations()]).toEqual([0.7, 0, 0]);
});

test("the limit that stands in the way is named, with what is used and what is in flight", () => {
  const [first, second] = [run("a"), run("a")];
  expect(want(first, 0, 3, [...ALL, ...OWN])).toEqual(RESERVED);
  settle(first, 0, 2);
  expect(want(first, 1, 1, [...ALL, ...OWN])).toEqual(RESERVED);
  expect(want(second, 0, 2, [...ALL, ...OWN])).toEqual({
    ...{ type: "exceeded", refusals: [{ limit: OWN[0], used: 2, inFlight: 1, wanted: 2 }] },
  });
  expect(want(run("b"), 0, 7, ALL)).toEqual(RESERVED);
});

test("what a call reserved before it was tried again does not count against it", () => {
  const task = run();
  expect(want(task, 0, 9, ALL)).toEqual(RESERVED);
  expect(want(task, 0, 9, ALL)).toEqual(RESERVED);
  expect(reservations()).toBe(1);
});

test("days and months are UTC, and a new one starts with nothing spent", () => {
  const limits = limitsOf({ perDayUsd: 5, perMonthUsd: 8, onLimit: "suspend" }, "all", "budgets");
  const task = run();
  expect(want(task, 0, 5, limits).type).toBe("reserved");
  settle(task, 0, 5);
  expect(want(task, 1, 1, limits)).toMatchObject(refusedBy({ limit: { period: "day" } }));
  writer.clock.jump(86_400_000);
  expect(want(task, 1, 1, limits).type).toBe("reserved");
  settle(task, 1, 1);
  expect(want(task, 2, 3, limits)).toMatchObject(refusedBy({ limit: { period: "month" }, used: 6 }));
  writer.clock.jump(31 * 86_400_000);
  expect(want(task, 2, 3, limits).type).toBe("reserved");
  writer.clock.jump(-32 * 86_400_000);
});

test("limits of a task and of a session look at that task and that session", () => {
  const limits = limitsOf({ perTaskUsd: 2, perSessionUsd: 3, onLimit: "suspend" }, "all", "budgets");
  const [first, second, other] = [run("a", "one"), run("a", "one"), run("a", "two")];
  expect(want(first, 0, 2, limits).type).toBe("reserved");
  settle(first, 0, 2);
  expect(want(first, 1, 0.5, limits)).toMatchObject(refusedBy({ limit: { period: "task" } }));
  expect(want(second, 0, 1.5, limits)).toMatchObject(refusedBy({ limit: { period: "session" }, used: 2 }));
  expect(want(second, 0, 1, limits).type).toBe("reserved");
  expect(want(other, 0, 2, limits).type).toBe("reserved");
});

test("an answer whose real cost is unknown counts as what it reserved, and is still unknown in its own row", () => {
  const task = run();
  expect(want(task, 0, 4, ALL).type).toBe("reserved");
  expect(settle(task, 0, null, null)).toBe(true);
  expect([spent("all", "day"), reservations()]).toEqual([4, 0]);
  expect(one("SELECT cost_usd AS value FROM answers")).toBeNull();
});

test("an attempt that lost its lease reserves nothing, and gives back nothing of its successor's", () => {
  const lost = run();
  expect(want(lost, 0, 1, ALL).type).toBe("reserved");
  writer.call(recoverOrphans, { owner: "the next boot" });
  writer.call(releaseOrphans, { owner: "the next boot" });
  const [again] = writer.call(claim, claimInput({ owner: "the next boot" }));
  const heir = { ...lost, fence: again!.fence };
  expect(want(heir, 0, 1, ALL, "the next boot").type).toBe("reserved");
  expect(want(lost, 0, 1, ALL)).toEqual({ type: "lost" });
  writer.call(release, { ...lost, turn: 0 });
  expect(reservations()).toBe(1);
  expect(settle(lost, 0, 1)).toBe(false);
  writer.call(release, { ...heir, turn: 0 });
  expect(reservations()).toBe(0);
});

test("a limit that is met exactly is not passed, however many small costs lead to it", () => {
  const limits = limitsOf({ perDayUsd: 1, onLimit: "suspend" }, "all", "budgets");
  const task = run();
  for (let turn = 0; turn < 10; turn++) {
    expect([turn, want(task, turn, 0.1, limits).type]).toEqual([turn, "reserved"]);
    settle(task, turn, 0.1);
  }
  expect(want(task, 10, 0.001, limits).type).toBe("exceeded");
});
