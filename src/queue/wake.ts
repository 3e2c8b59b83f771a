// RETRY_WAIT → QUEUED when a backoff is over or a wait was answered; RETRY_WAIT → FAILED when nobody answered in time.

import { SUSPENSIONS, type Suspension } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { failForGood } from "./fail.ts";
import { recordTransition, type TaskRef } from "./transition.ts";

const DUE_SQL = `
  SELECT id, session_id AS sessionId, agent_id AS agentId, priority, attempt, reason_code AS reasonCode
  FROM tasks
  WHERE state = 'RETRY_WAIT' AND available_at <= @dueAt
  ORDER BY available_at LIMIT 500`;

const NEXT_DUE_SQL = `
  SELECT min(available_at) AS dueAt FROM tasks WHERE state = 'RETRY_WAIT'`;

const WAKE_SQL = `
  UPDATE tasks SET state = 'QUEUED', reason_code = @reason, available_at = @now, updated_at = @now
  WHERE id = @id AND state = 'RETRY_WAIT'`;

/** Moves everything due at `dueAt` (epoch ms) on; returns when the next row is due, or null. */
export const wakeDue = defineVerb(
  "queue.wake_due",
  (tx, input: { dueAt: number }): { nextDueAt: number | null } => {
    for (const row of tx.all<TaskRef & { reasonCode: string }>(DUE_SQL, { dueAt: input.dueAt })) {
      if (isSuspension(row.reasonCode)) expire(tx, row, row.reasonCode);
      else wakeTask(tx, row, "RETRY_DUE");
    }
    return { nextDueAt: tx.get<{ dueAt: number | null }>(NEXT_DUE_SQL)?.dueAt ?? null };
  },
);

/** RETRY_WAIT → QUEUED for one task whose wait was answered. */
export function wakeTask(tx: Tx, task: TaskRef, reason: string): void {
  tx.run(WAKE_SQL, { id: task.id, reason, now: tx.nowMs });
  recordTransition(tx, task, { from: "RETRY_WAIT", to: "QUEUED" }, reason);
}

function expire(tx: Tx, task: TaskRef, waitedFor: Suspension): void {
  failForGood(tx, task, "RETRY_WAIT", "WAIT_EXPIRED", "WAIT_EXPIRED", `nobody answered ${waitedFor} in time`);
}

function isSuspension(reason: string): reason is Suspension {
  return (SUSPENSIONS as readonly string[]).includes(reason);
}
