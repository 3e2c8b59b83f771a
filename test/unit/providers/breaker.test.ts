// The circuit breaker under a clock of the test's own: when it opens, who may probe, and what never counts.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Breaker, type BreakerState, createBreaker } from "../../../src/providers/breaker.ts";
import { ERROR_CLASSES, type ErrorClass } from "../../../src/providers/provider.ts";

const COOLDOWN_MS = 1_000;
const THRESHOLD = 3;

function rig(restored: readonly BreakerState[] = []) {
  const saved: BreakerState[] = [];
  let nowMs = 10_000;
  const breaker = createBreaker({
    threshold: THRESHOLD,
    cooldownMs: COOLDOWN_MS,
    nowMs: () => nowMs,
    restored,
    save: (state) => saved.push(state),
  });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { breaker, saved, pass, nowMs: () => nowMs };
}

function fail(breaker: Breaker, times: number, errorClass: ErrorClass = "overloaded"): void {
  for (let count = 0; count < times; count++) breaker.failed("p", errorClass);
}

test("it opens at the threshold, for one cooldown, for that provider alone", () => {
  const { breaker, pass } = rig();
  fail(breaker, THRESHOLD - 1);
  expect([breaker.mayTry("p"), breaker.waitMs("p")]).toEqual([true, 0]);
  fail(breaker, 1);
  expect([breaker.mayTry("p"), breaker.waitMs("p"), breaker.mayTry("q")]).toEqual([false, COOLDOWN_MS, true]);
  pass(COOLDOWN_MS - 1);
  expect([breaker.mayTry("p"), breaker.waitMs("p")]).toEqual([false, 1]);
  pass(1);
  expect([breaker.waitMs("p"), breaker.mayTry("p")]).toEqual([0, true]);
});

test("a success in between starts the count anew", () => {
  const { breaker } = rig();
  fail(breaker, THRESHOLD - 1);
  breaker.succeeded("p");
  fail(breaker, THRESHOLD - 1);
  expect(breaker.mayTry("p")).toBe(true);
});

test("half open, one caller probes: a failure opens it again, a success closes it, a vanished caller frees it", () => {
  const { breaker, pass } = rig();
  fail(breaker, THRESHOLD);
  pass(COOLDOWN_MS);
  expect([breaker.mayTry("p"), breaker.mayTry("p")]).toEqual([true, false]);
  breaker.failed("p", "timeout");
  expect([breaker.mayTry("p"), breaker.waitMs("p")]).toEqual([false, COOLDOWN_MS]);
  pass(COOLDOWN_MS);
  expect(breaker.mayTry("p")).toBe(true);
  breaker.abandoned("p");
  expect([breaker.mayTry("p"), breaker.mayTry("p")]).toEqual([true, false]);
  breaker.succeeded("p");
  expect([breaker.mayTry("p"), breaker.mayTry("p")]).toEqual([true, true]);
});

test("a clock that was set back does not keep it open", () => {
  const { breaker, pass } = rig();
  fail(breaker, THRESHOLD);
  pass(-3_600_000);
  expect([breaker.waitMs("p"), breaker.mayTry("p")]).toEqual([0, true]);
});

test.each(["bad_request", "unsupported", "context_length", "refused", "aborted", "not_configured"] as const)(
  "%s says nothing about the provider, however often",
  (errorClass) => {
    const { breaker, saved } = rig();
    fail(breaker, THRESHOLD * 3, errorClass);
    expect([breaker.mayTry("p"), saved]).toEqual([true, []]);
  },
);

test("a probe that ends in the caller's own fault leaves the circuit half open for the next", () => {
  const { breaker, pass } = rig();
  fail(breaker, THRESHOLD);
  pass(COOLDOWN_MS);
  expect(breaker.mayTry("p")).toBe(true);
  breaker.failed("p", "bad_request");
  expect([breaker.mayTry("p"), breaker.mayTry("p")]).toEqual([true, false]);
});

test("what was saved, restored, behaves as if nothing had happened", () => {
  const first = rig();
  fail(first.breaker, THRESHOLD);
  first.breaker.failed("q", "network");
  const last = new Map(first.saved.map((state) => [state.provider, state]));
  const second = rig([...last.values()]);
  expect(second.breaker.states()).toEqual(first.breaker.states());
  expect(second.breaker.mayTry("p")).toBe(false);
  second.pass(COOLDOWN_MS);
  expect([second.breaker.mayTry("p"), second.breaker.mayTry("p")]).toEqual([true, false]);
});

const MOST_ACTS = 60;
const MOST_MS = 2_000;

const act = fc.oneof(
  fc.record({ type: fc.constant("call" as const) }),
  fc.record({ type: fc.constant("success" as const) }),
  fc.record({ type: fc.constant("gone" as const) }),
  fc.record({ type: fc.constant("failure" as const), errorClass: fc.constantFrom(...ERROR_CLASSES) }),
  fc.record({ type: fc.constant("time" as const), ms: fc.integer({ min: -MOST_MS, max: MOST_MS }) }),
);

test("whatever happens, an open circuit lets one call through at a time, and never stays shut for good", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: MOST_ACTS }), (acts) => {
      const { breaker, pass } = rig();
      let calls = 0;
      for (const step of acts) {
        if (step.type === "time") pass(step.ms);
        else if (step.type === "call") {
          const isOpen = breaker.states().some(({ openedAt }) => openedAt !== null);
          const yes = breaker.mayTry("p");
          if (isOpen && yes) expect(breaker.mayTry("p")).toBe(false);
          if (yes) calls += 1;
        } else if (calls > 0) {
          calls -= 1;
          if (step.type === "success") breaker.succeeded("p");
          else if (step.type === "gone") breaker.abandoned("p");
          else breaker.failed("p", step.errorClass);
        }
      }
      while (calls-- > 0) breaker.abandoned("p");
      // However far the clock was set back after it opened.
      pass(COOLDOWN_MS + MOST_ACTS * MOST_MS);
      expect([breaker.waitMs("p"), breaker.mayTry("p")]).toEqual([0, true]);
    }),
    { numRuns: 300 },
  );
});
