// The arithmetic of retries.

import fc from "fast-check";
import { expect, test } from "vitest";
import { CODES } from "../../../src/domain/error.ts";
import { backoffMs, canPoison, fingerprintOf } from "../../../src/queue/backoff.ts";
import { verifies } from "../../support/verifies.ts";

const limits = fc
  .record({ baseMs: fc.integer({ min: 1, max: 60_000 }), maxMs: fc.integer({ min: 1, max: 3_600_000 }) })
  .filter(({ baseMs, maxMs }) => maxMs >= baseMs);
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test(verifies("QUE-003", "a backoff lies between zero and base × 2^(attempt-1), capped"), () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), limits, fraction, (attempt, { baseMs, maxMs }, random) => {
      const ms = backoffMs(attempt, { baseMs, maxMs }, random);
      expect(Number.isInteger(ms)).toBe(true);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(Math.min(maxMs, baseMs * 2 ** (attempt - 1)));
    }),
  );
});

test(verifies("QUE-003", "the jitter is full: it reaches both ends of its range"), () => {
  const range = { baseMs: 1_000, maxMs: 30_000 };
  expect([1, 2, 3, 6, 50].map((attempt) => backoffMs(attempt, range, 0))).toEqual([0, 0, 0, 0, 0]);
  const most = [1, 2, 3, 6, 50].map((attempt) => backoffMs(attempt, range, 1 - Number.EPSILON));
  expect(most).toEqual([1_000, 2_000, 4_000, 30_000, 30_000]);
});

test(verifies("QUE-003", "what the provider asked for is the least wait, also beyond the cap"), () => {
  fc.assert(
    fc.property(fc.nat({ max: 7_200_000 }), limits, fraction, (leastMs, range, random) => {
      const ms = backoffMs(3, range, random, leastMs);
      expect(ms).toBeGreaterThanOrEqual(leastMs);
      expect(ms).toBe(Math.max(leastMs, backoffMs(3, range, random)));
    }),
  );
});

test(verifies("QUE-005", "the same failure has the same fingerprint, numbers and ids aside"), () => {
  const [a, b] = [
    "attempt 17 of task 018bcfe5-d90a-727a-8d7a-215f2a12e757 failed after 3.5 s",
    "Attempt 2 of task 018bd01c-a777-71fe-be42-7f4c205a9466 failed after 120 s",
  ];
  expect(fingerprintOf("X", a)).not.toBe(fingerprintOf("Y", a));
  expect(fingerprintOf("X", a.replace("3.5", "3"))).toBe(fingerprintOf("X", b));
  expect(fingerprintOf("X", "disk broke")).not.toBe(fingerprintOf("X", "network broke"));
});

test(verifies("QUE-005", "digits alone never tell two failures apart"), () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.constantFrom("RETRY_PROCESSOR_ERROR", "TASK_TIMEOUT"),
      (one, other, code) => {
        expect(fingerprintOf(code, `line ${one} broke`)).toBe(fingerprintOf(code, `line ${other} broke`));
      },
    ),
  );
});

test("a long message costs no more than a short one, and its head decides", () => {
  const head = "x ".repeat(300);
  expect(fingerprintOf("X", `${head}a`)).toBe(fingerprintOf("X", `${head}b`));
});

test(verifies("QUE-005", "circumstances do not poison a task, everything else does"), () => {
  const circumstances = Object.keys(CODES).filter((code) => !canPoison(code));
  expect(circumstances.sort()).toEqual([
    "RETRY_PROVIDER_NETWORK",
    "RETRY_PROVIDER_OVERLOADED",
    "RETRY_PROVIDER_RATE_LIMIT",
    "RETRY_PROVIDER_TIMEOUT",
  ]);
});
