// Fair queueing and priority, on the real verbs: what one session may take while another one waits.

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { claim, effectivePriority } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { type InlineWriter, openInlineWriter } from "../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../support/inputs.ts";
import { verifies } from "../support/verifies.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
beforeEach(() => writer.clear());
afterAll(() => writer.close());

let serial = 0;

function add(sessionId: string, count = 1, priority = 0, agentId = "default"): string[] {
  return Array.from({ length: count }, () => {
    const id = `${sessionId}-${++serial}`;
    writer.call(enqueue, enqueueInput(id, { sessionId, priority, agentId }));
    return id;
  });
}

const take = (slots = 1, agentSlots = {}): string[] =>
  writer.call(claim, claimInput({ slots, agentSlots })).map(({ id }) => id);

test(
  verifies("QUE-007", "a session that floods the queue does not delay another session's first task"),
  () => {
    const sessions = fc.array(
      fc.record({ burst: fc.integer({ min: 1, max: 20 }), slots: fc.integer({ min: 1, max: 4 }) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(sessions, fc.integer({ min: 20, max: 100 }), (arrivals, flood) => {
        writer.clear();
        add("flood", flood);
        for (const [index, { burst, slots }] of arrivals.entries()) {
          const [first] = add(`s${index}`, burst);
          let taken = 0;
          for (let got: string[] = []; !got.includes(first!); got = take(slots)) taken += floodIn(got);
          // One tag may tie with the newcomer's, and one claim may hand out several tasks at once.
          expect(taken).toBeLessThanOrEqual(1);
          add("flood", 3);
        }
      }),
      { numRuns: 40 },
    );
  },
);

const floodIn = (ids: readonly string[]): number => ids.filter((id) => id.startsWith("flood")).length;

test(
  verifies(
    "QUE-007",
    "fair tags also hold between old tasks and new ones, when several lanes are free at once",
  ),
  () => {
    add("flood", 50);
    add("beside", 50, 0, "other");
    writer.clock.pass(300_000);
    const [newcomer] = add("newcomer");
    let overtaken = 0;
    for (let round = 0; round < 40; round++) {
      const got = take(2, { other: 1 });
      if (got.includes(newcomer!)) return;
      overtaken += got.filter((id) => id.startsWith("flood")).length;
      writer.clock.pass(1_000);
    }
    expect.fail(`${overtaken} tasks of the same level went before the newcomer, which still waits`);
  },
);

test(verifies("QUE-007", "within one session work is done in the order it came, whatever else waits"), () => {
  const mine = add("s1", 5);
  add("s2", 5);
  const order = take(4)
    .concat(take(4), take(4))
    .filter((id) => id.startsWith("s1"));
  expect(order).toEqual(mine);
});

test(
  verifies("QUE-007", "higher priority goes first, and waiting raises priority by a step every 30 s"),
  () => {
    const [low] = add("a", 1, 0);
    writer.clock.pass(29_999);
    const [high] = add("b", 1, 1);
    expect(take()).toEqual([high]);
    const [higher] = add("c", 1, 2);
    writer.clock.pass(30_001);
    const [late] = add("d", 1, 2);
    expect([take(), take(), take()].flat()).toEqual([higher, low, late]);
  },
);

test(verifies("QUE-007", "ageing takes whole steps of 30 s, at most twenty, and never lowers"), () => {
  const steps = (ms: number): number => effectivePriority(0, ms);
  expect([0, 29_999, 30_000, 60_000, 600_000, 1e12].map(steps)).toEqual([0, 0, 1, 2, 20, 20]);
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 10 }), fc.integer(), fc.nat(), (priority, waited, more) => {
      const before = effectivePriority(priority, waited);
      expect(before).toBeGreaterThanOrEqual(priority);
      expect(effectivePriority(priority, waited + more)).toBeGreaterThanOrEqual(before);
    }),
  );
});

test("an agent without a free lane does not hold up the others", () => {
  add("a", 3, 10, "busy");
  const others = add("b", 2, -10, "free");
  expect(take(4, { busy: 0 })).toEqual(others);
  expect(take(4, { busy: 1 })).toHaveLength(1);
});

test(verifies("QUE-007", "after a restart a newcomer still goes before the rest of a flood"), () => {
  add("flood", 30);
  for (let index = 0; index < 10; index++) take();
  writer.reboot();
  const [newcomer] = add("newcomer");
  expect([...take(), ...take()]).toContain(newcomer);
});
