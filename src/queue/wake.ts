// RETRY_WAIT → QUEUED when a backoff is over or a wait was answered; RETRY_WAIT → FAILED when nobody answered in time.

import { SUSPENSIONS, type Suspension } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { failForGood } from "./fail.ts";
import type { TaskRef } from "./transition.ts";
import { wakeTask } from "./wake-task.ts";

const DUE_SQL = `
  SELECT id, session_id AS sessionId, agent_id AS agentId, priority, attempt, reason_code AS reasonCode, wakes
  FROM tasks
  WHERE state = 'RETRY_WAIT' AND available_at <= @dueAt
  ORDER BY available_at LIMIT 500`;

// A row from the future: the wall clock was set back since it was written, and what is left of its backoff is unknown.
const FUTURE_SQL = `
  UPDATE tasks SET available_at = @dueAt
  WHERE state = 'RETRY_WAIT' AND updated_at > @now AND available_at > @dueAt AND reason_code NOT IN (
    'AWAITING_APPROVAL', 'AWAITING_CHILD', 'AWAITING_INPUT', 'AWAITING_BUDGET', 'EFFECT_UNKNOWN')`;

const NEXT_DUE_SQL = `
  SELECT min(available_at) AS dueAt FROM tasks WHERE state = 'RETRY_WAIT'`;

/** Moves everything due at `dueAt` (epoch ms) on; returns when the next row is due, or null. */
export const wakeDue = defineVerb(
  "queue.wake_due",
  (tx, input: { dueAt: number }): { nextDueAt: number | null } => {
    tx.run(FUTURE_SQL, { dueAt: input.dueAt, now: tx.nowMs });
    for (const row of tx.all<TaskRef & { reasonCode: string; wakes: number }>(DUE_SQL, {
      dueAt: input.dueAt,
    })) {
      if (row.wakes === 1) wakeTask(tx, row, wakeReason(row.reasonCode));
      else if (isSuspension(row.reasonCode)) expire(tx, row, row.reasonCode);
      else wakeTask(tx, row, "RETRY_DUE");
    }
    return { nextDueAt: tx.get<{ dueAt: number | null }>(NEXT_DUE_SQL)?.dueAt ?? null };
  },
);

const WAITING_FOR_SQL = `
  SELECT id, session_id AS sessionId, agent_id AS agentId, priority, attempt FROM tasks
  WHERE state = 'RETRY_WAIT' AND reason_code = @reason`;

/** At start: limits may have been raised since, so everything that waits for budget looks again. */
export const wakeForBudget = defineVerb("queue.wake_for_budget", (tx, _input: null): number => {
  const waiting = tx.all<TaskRef>(WAITING_FOR_SQL, { reason: "AWAITING_BUDGET" satisfies Suspension });
  for (const row of waiting) wakeTask(tx, row, "BUDGET_RETRY");
  return waiting.length;
});

/** A wait that ends by itself: budget is looked at again; for a person or a child, the model is told that nothing came. */
function wakeReason(waitedFor: string): string {
  if (waitedFor === ("AWAITING_BUDGET" satisfies Suspension)) return "BUDGET_RETRY";
  return waitedFor === ("AWAITING_CHILD" satisfies Suspension) ? "CHILD_LATE" : "APPROVAL_EXPIRED";
}

function expire(tx: Tx, task: TaskRef, waitedFor: Suspension): void {
  failForGood(tx, task, "RETRY_WAIT", "WAIT_EXPIRED", "WAIT_EXPIRED", `nobody answered ${waitedFor} in time`);
}

function isSuspension(reason: string): reason is Suspension {
  return (SUSPENSIONS as readonly string[]).includes(reason);
}
