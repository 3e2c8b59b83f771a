// Taint over random lives of sessions: whatever fails, is put back, is killed or is asked later in a session, what a task
// holds is exactly what the results of its session have brought in, and nothing of any other session.

import fc from "fast-check";
import { expect, test } from "vitest";
import { LABELS, type Label } from "../../src/domain/act.ts";
import type { ClaimedTask } from "../../src/domain/task.ts";
import { loadTaint, settleEffect } from "../../src/journal/effects.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { fail } from "../../src/queue/fail.ts";
import { requeue } from "../../src/queue/requeue.ts";
import { wakeDue } from "../../src/queue/wake.ts";
import { intend } from "../../src/tools/intend.ts";
import { row } from "../support/catalogue.ts";
import { openInlineWriter } from "../support/inline-writer.ts";
import { auditOf, claimInput, effectOf, enqueueInput, failInput } from "../support/inputs.ts";

const step = fc.oneof(
  fc.record({ act: fc.constant("task" as const), session: fc.constantFrom("a", "b", "c") }),
  fc.record({
    act: fc.constant("result" as const),
    labels: fc.subarray([...LABELS]),
    status: fc.constantFrom("DONE" as const, "FAILED" as const),
  }),
  fc.record({ act: fc.constantFrom("fail" as const, "requeue" as const, "restart" as const) }),
);

test(row("P-07", "no label of a session is lost, or lent to another, in 200 random lives"), () => {
  const writer = openInlineWriter();
  let lives = 0;
  try {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        writer.clear();
        lives += 1;
        const held = new Map<string, Set<Label>>();
        const sessionOf = new Map<string, string>();
        let running: ClaimedTask | undefined;
        let count = 0;
        const next = (): void => {
          writer.clock.pass(120_000);
          writer.call(wakeDue, { dueAt: writer.clock.nowMs() });
          [running] = writer.call(claim, claimInput({ leaseMs: 1e12 })) as [ClaimedTask?];
        };
        for (const one of steps) {
          count += 1;
          if (one.act === "task") {
            const id = `t${count}`;
            writer.call(enqueue, enqueueInput(id, { sessionId: one.session, maxAttempts: 100 }));
            sessionOf.set(id, one.session);
            if (running === undefined) next();
          } else if (one.act === "restart") writer.reboot();
          else if (running !== undefined) {
            const fence = { taskId: running.id, fence: running.fence };
            if (one.act === "result") {
              const effect = effectOf(running.id, { key: `e${count}`, turn: count });
              writer.call(intend, { ...fence, effect, audit: auditOf(running.id), approval: null });
              const { key, turn, callIndex, tool } = effect;
              const settled = {
                ...fence,
                key,
                turn,
                callIndex,
                tool,
                status: one.status,
                outcome: "x",
                source: "",
              };
              writer.call(settleEffect, { ...settled, labels: one.labels.join(" ") });
              const session = sessionOf.get(running.id) ?? "";
              held.set(session, new Set([...(held.get(session) ?? []), ...one.labels]));
            } else {
              if (one.act === "fail") writer.call(fail, failInput(fence));
              else writer.call(requeue, fence);
              next();
            }
          }
          for (const [id, session] of sessionOf)
            expect(loadTaint(writer.reader, id).labels).toEqual([...(held.get(session) ?? [])].sort());
        }
      }),
      { numRuns: 200 },
    );
  } finally {
    writer.close();
  }
  expect(lives).toBeGreaterThanOrEqual(200);
});
