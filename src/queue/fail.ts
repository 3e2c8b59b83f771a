// RUNNING → RETRY_WAIT, or FAILED, or FAILED then DEAD_LETTER: what becomes of an attempt that ended with an error.

import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { backoffMs, canPoison, fingerprintOf, POISON_LIMIT, type RetryLimits } from "./backoff.ts";
import { type Fence, type HeldTask, heldTask } from "./lease.ts";
import { recordTransition, type TaskRef } from "./transition.ts";
import { wakeParent } from "./wake-parent.ts";

export interface FailInput extends Fence {
  readonly code: string;
  readonly message: string;
  /** RETRY_* when trying again can help; null when it cannot. */
  readonly retryReason: string | null;
  /** The least wait a provider asked for; for a failure for good, when it is worth to ask again. 0 is unknown. */
  readonly afterMs: number;
  readonly retry: RetryLimits;
}

export type Failed = "lost" | "failed" | "dead_letter" | { readonly retryAt: number };

const RETRY_SQL = `
  UPDATE tasks
  SET state = 'RETRY_WAIT', suspect = 0, reason_code = @reason, error_code = @code, error_message = @message,
      fingerprint = @fingerprint, fingerprint_count = @fingerprintCount, available_at = @retryAt,
      lease_owner = NULL, lease_until = NULL, updated_at = @now
  WHERE id = @taskId`;

const FAIL_SQL = `
  UPDATE tasks
  SET state = 'FAILED', reason_code = @reason, error_code = @code, error_message = @message,
      lease_owner = NULL, lease_until = NULL, finished_at = @now, updated_at = @now
  WHERE id = @taskId`;

const BURY_SQL = `
  UPDATE tasks SET state = 'DEAD_LETTER', reason_code = @reason, updated_at = @now WHERE id = @taskId`;

export const fail = defineVerb("queue.fail", (tx, input: FailInput): Failed => {
  const task = heldTask(tx, input);
  if (task === undefined) return "lost";
  const { code, message, retryReason, afterMs } = input;
  if (retryReason === null) {
    failForGood(tx, task, "RUNNING", code, code, message, afterMs);
    return "failed";
  }
  const fingerprint = fingerprintOf(code, message);
  const fingerprintCount = fingerprint === task.fingerprint ? task.fingerprintCount + 1 : 1;
  const verdict = lastStraw(task, retryReason, fingerprintCount);
  if (verdict !== undefined) {
    failForGood(tx, task, "RUNNING", retryReason, code, message, afterMs);
    bury(tx, task, verdict);
    return "dead_letter";
  }
  const delayMs = backoffMs(task.attempt, input.retry, tx.random.next(), afterMs);
  const retryAt = tx.nowMs + delayMs;
  const values = {
    reason: retryReason,
    code,
    message,
    fingerprint,
    fingerprintCount,
    retryAt,
    now: tx.nowMs,
  };
  tx.run(RETRY_SQL, { taskId: task.id, ...values });
  const payload = { code, message, delay_ms: delayMs, max_attempts: task.maxAttempts };
  recordTransition(tx, task, { from: "RUNNING", to: "RETRY_WAIT" }, retryReason, payload);
  return { retryAt };
});

function lastStraw(task: HeldTask, reason: string, fingerprintCount: number): string | undefined {
  if (canPoison(reason) && fingerprintCount >= POISON_LIMIT) return "DEAD_LETTER_POISON_PILL";
  if (task.attempt >= task.maxAttempts) return "DEAD_LETTER_MAX_ATTEMPTS";
  return undefined;
}

/** FAILED, from an attempt that ran or from a wait that nobody answered. */
export function failForGood(
  tx: Tx,
  task: TaskRef,
  from: "RUNNING" | "RETRY_WAIT",
  reason: string,
  code: string,
  message: string,
  afterMs = 0,
): void {
  tx.run(FAIL_SQL, { taskId: task.id, reason, code, message, now: tx.nowMs });
  const payload = { code, message, ...(afterMs > 0 && { retry_after_ms: afterMs }) };
  recordTransition(tx, task, { from, to: "FAILED" }, reason, payload);
  wakeParent(tx, task.id);
}

/** FAILED → DEAD_LETTER, always in the transaction that failed the task. */
export function bury(tx: Tx, task: TaskRef, reason: string): void {
  tx.run(BURY_SQL, { taskId: task.id, reason, now: tx.nowMs });
  recordTransition(tx, task, { from: "FAILED", to: "DEAD_LETTER" }, reason);
}
