// The lanes on virtual time: attempts end by their time limit, drains are bounded, and waits end when they are due.

import { expect, onTestFinished, test } from "vitest";
import { createWaker } from "../../../src/engine/waker.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { fail } from "../../../src/queue/fail.ts";
import { type SuspendInput, suspend } from "../../../src/queue/suspend.ts";
import { openBench } from "../../sim/bench.ts";
import { claimInput, enqueueInput, failInput } from "../../support/inputs.ts";
import { verifies } from "../../support/verifies.ts";

const STATE_SQL = "SELECT state, reason_code AS reason FROM tasks WHERE id = @id";

async function openWaker() {
  const bench = await openBench();
  const { store, time } = bench;
  const errors: unknown[] = [];
  const waker = time.as("main", () => createWaker(store, time.clock, (error) => errors.push(error)));
  onTestFinished(() => expect(errors).toEqual([]));
  const start = async (id: string): Promise<{ taskId: string; fence: number }> => {
    await bench.until(store.run(enqueue, enqueueInput(id, { maxAttempts: 9 })));
    const [task] = await bench.until(store.run(claim, claimInput()));
    return { taskId: id, fence: task!.fence };
  };
  /** Fails the task so that it waits `ms`; returns when it is due. */
  const backOff = async (id: string, ms: number): Promise<void> => {
    const input = failInput(await start(id), { afterMs: ms, retry: { baseMs: 1, maxMs: 1 } });
    const failed = await bench.until(store.run(fail, input));
    time.as("main", () => waker.noteDue((failed as { retryAt: number }).retryAt));
  };
  /** Lets the task wait for somebody, at most until `ms` from now. */
  const waitFor = async (reason: SuspendInput["reason"], id: string, ms: number): Promise<void> => {
    const deadlineAt = time.clock.nowMs() + ms;
    const input = { ...(await start(id)), reason, deadlineAt, message: "please", wakes: false };
    await bench.until(store.run(suspend, input));
    time.as("main", () => waker.noteDue(deadlineAt));
  };
  const state = (id: string): string => {
    const row = store.reader.get<{ state: string; reason: string | null }>(STATE_SQL, { id })!;
    return `${row.state} ${row.reason}`;
  };
  return { ...bench, waker, backOff, waitFor, state };
}

test("waits end when they are due, one after the other, and not before", async () => {
  const { backOff, pass, state } = await openWaker();
  await backOff("late", 5_000);
  await backOff("soon", 1_000);
  await pass(900);
  expect([state("soon"), state("late")]).toEqual([
    "RETRY_WAIT RETRY_PROVIDER_OVERLOADED",
    "RETRY_WAIT RETRY_PROVIDER_OVERLOADED",
  ]);
  await pass(200);
  expect([state("soon"), state("late")]).toEqual([
    "QUEUED RETRY_DUE",
    "RETRY_WAIT RETRY_PROVIDER_OVERLOADED",
  ]);
  await pass(4_000);
  expect(state("late")).toBe("QUEUED RETRY_DUE");
});

test(
  verifies("REL-007", "a wait for somebody who never answers fails at its deadline, with that reason"),
  async () => {
    const { waitFor, pass, state } = await openWaker();
    await waitFor("AWAITING_APPROVAL", "t", 2_000);
    await pass(1_900);
    expect(state("t")).toBe("RETRY_WAIT AWAITING_APPROVAL");
    await pass(300);
    expect(state("t")).toBe("FAILED WAIT_EXPIRED");
  },
);

test.each([-3_600_000, -1, 3_600_000])(
  verifies("QUE-002", "a wall clock that is set by %i ms makes no backoff longer"),
  async (ms) => {
    const { backOff, time, pass, state } = await openWaker();
    await backOff("a", 1_000);
    await backOff("b", 2_000);
    time.jump(ms);
    await pass(2_200);
    expect([state("a"), state("b")]).toEqual(["QUEUED RETRY_DUE", "QUEUED RETRY_DUE"]);
  },
);

test("a wait beyond what a timer can hold is not over at once", async () => {
  const { waitFor, pass, state } = await openWaker();
  await waitFor("AWAITING_INPUT", "t", 60 * 86_400_000);
  await pass(10_000);
  expect(state("t")).toBe("RETRY_WAIT AWAITING_INPUT");
});

test("a waker that was stopped wakes nobody", async () => {
  const { backOff, waker, pass, state } = await openWaker();
  await backOff("t", 1_000);
  waker.stop();
  waker.noteDue(0);
  await pass(5_000);
  expect(state("t")).toBe("RETRY_WAIT RETRY_PROVIDER_OVERLOADED");
});
