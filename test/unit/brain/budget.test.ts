// What a model call asks the journal for, and what a task is told when it does not get it.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Purse, releaseCall, reserveCall, type WantedCall } from "../../../src/brain/budget.ts";
import type { Budget } from "../../../src/domain/budget.ts";
import type { ClaimedTask } from "../../../src/domain/task.ts";
import { recordAnswer } from "../../../src/journal/answers.ts";
import { createCatalog } from "../../../src/providers/catalog.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { BOOT, claimInput, enqueueInput, UNLIMITED } from "../../support/inputs.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
beforeEach(() => writer.clear());
afterAll(() => writer.close());

const priced = (id: string, usd: number) => ({
  ...{ id, contextWindow: 1_000, maxOutputTokens: 1_000 },
  price: { inputUsdPerMtok: 0, outputUsdPerMtok: usd },
});
const CATALOG = createCatalog(
  [
    priced("p/cheap", 1_000),
    priced("p/dear", 5_000),
    { id: "p/unknown", contextWindow: 1_000, maxOutputTokens: 1_000 },
  ],
  () => 0,
);

function purse(budget: Budget, agentBudget?: Budget, more: Partial<Purse> = {}): Purse {
  const store = storeOf(writer);
  const clock = { owner: BOOT, nowMs: () => writer.clock.nowMs() };
  const own = { store, catalog: CATALOG, budget, agentBudget: () => agentBudget };
  return { ...UNLIMITED, ...own, ...clock, ...more };
}

let serial = 0;

function running(): ClaimedTask {
  writer.call(enqueue, enqueueInput(`t${++serial}`));
  return writer.call(claim, claimInput())[0]!;
}

const link = (model: string) => ({ provider: "p", model });
const request = { model: "m", messages: [{ role: "user", text: "hi" }], tools: [], sampling: {} } as const;
const call = (model: string, ...fallbacks: string[]): WantedCall => ({
  ...{ turn: 0, links: [link(model), ...fallbacks.map(link)], request },
});
const HELD = { held: true, passOver: [] };
const reservedUsd = (): number | undefined =>
  writer.reader.get<{ usd: number }>("SELECT usd FROM reservations")?.usd;

test("without limits nothing is reserved", async () => {
  expect(await reserveCall(purse({ onLimit: "suspend" }), running(), call("unknown"))).toEqual({
    ...{ held: false, passOver: [] },
  });
  expect(reservedUsd()).toBeUndefined();
});

test("the dearest link of the chain is reserved for, and given back when no answer came", async () => {
  const own = purse({ perDayUsd: 100, onLimit: "suspend" });
  const task = running();
  expect(await reserveCall(own, task, call("cheap", "dear"))).toEqual(HELD);
  expect(reservedUsd()).toBe(5);
  await releaseCall(own, task, 0);
  expect(reservedUsd()).toBeUndefined();
});

test("a price that is not known fails closed, also when only a fallback has none", async () => {
  for (const wanted of [call("unknown"), call("cheap", "unknown")]) {
    const granted = await reserveCall(purse({ perMonthUsd: 1_000, onLimit: "suspend" }), running(), wanted);
    expect(granted).toMatchObject({ outcome: { type: "failed", code: "BUDGET_UNPRICED" } });
    const { message } = (granted as { outcome: { message: string } }).outcome;
    for (const piece of ["budgets.per_month_usd", "p/unknown", "models:"]) expect(message).toContain(piece);
  }
  const tokens = purse({ perDayTokens: 1_000_000, onLimit: "suspend" });
  expect(await reserveCall(tokens, running(), call("unknown"))).toEqual(HELD);
});

test("at the limit: fail says so, suspend waits until the period ends, for room in flight only a moment", async () => {
  const spent = purse({ perDayUsd: 5, onLimit: "suspend" });
  const first = running();
  await reserveCall(spent, first, call("cheap"));
  const usage = { inputTokens: 0, outputTokens: 4_500, cachedTokens: 0 };
  const answer = {
    text: "",
    toolCalls: [],
    stopReason: "stop",
    provider: "p",
    model: "cheap",
    usage,
  } as const;
  writer.call(recordAnswer, { taskId: first.id, fence: first.fence, turn: 0, answer, costUsd: 4.5 });
  const task = running();
  const fails = await reserveCall(purse({ perDayUsd: 5, onLimit: "fail" }), task, call("cheap"));
  expect(fails).toMatchObject({ outcome: { type: "failed", code: "BUDGET_EXCEEDED" } });
  const waits = await reserveCall(spent, task, call("cheap"));
  const midnight = Math.ceil((writer.clock.nowMs() + 1) / 86_400_000) * 86_400_000;
  expect(waits).toMatchObject({
    outcome: { type: "suspended", reason: "AWAITING_BUDGET", deadlineAt: midnight, wakes: true },
  });
  const shared = purse({ perDayUsd: 6, onLimit: "suspend" });
  expect(await reserveCall(shared, running(), call("cheap"))).toEqual(HELD);
  const busy = await reserveCall(shared, task, call("cheap"));
  expect(busy).toMatchObject({ outcome: { type: "suspended", wakes: true } });
  expect((busy as { outcome: { deadlineAt: number } }).outcome.deadlineAt).toBeLessThan(
    writer.clock.nowMs() + 1_000,
  );
});

test("a call that no period can pay waits for a higher limit and for nothing else, and says so", async () => {
  const waits = await reserveCall(purse({ perDayUsd: 0.5, onLimit: "suspend" }), running(), call("cheap"));
  expect(waits).toMatchObject({ outcome: { type: "suspended", reason: "AWAITING_BUDGET", wakes: false } });
  const { message } = (waits as { outcome: { message: string } }).outcome;
  expect(message).toContain("may need $1.0000, which is more than the whole limit; raise it and restart");
  expect(message).not.toContain("it goes on at");
});

test("an agent's own limit holds beside the global one", async () => {
  const both = purse({ perDayUsd: 100, onLimit: "suspend" }, { perTaskUsd: 0.5, onLimit: "fail" });
  const granted = await reserveCall(both, running(), call("cheap"));
  expect((granted as { outcome: { message: string } }).outcome.message).toContain(
    "agents.default.budgets.per_task_usd is $0.5000",
  );
});

test("while only calls in flight stand in the way, even a limit that fails waits for them", async () => {
  const shared = purse({ perDayUsd: 1.5, onLimit: "fail" });
  expect(await reserveCall(shared, running(), call("cheap"))).toEqual(HELD);
  expect(await reserveCall(shared, running(), call("cheap"))).toMatchObject({
    outcome: { type: "suspended" },
  });
});
