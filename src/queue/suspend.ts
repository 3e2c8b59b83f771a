// RUNNING → RETRY_WAIT for somebody: a person, a child, a budget. Holds no lane, has a deadline, and gives the
// attempt back, since waiting is not failing.

import type { Suspension } from "../domain/task.ts";
import { defineVerb } from "../store/verb.ts";
import { type Fence, heldTask } from "./lease.ts";
import { recordTransition } from "./transition.ts";
import { hasEnded } from "./wake-parent.ts";
import { wakeTask } from "./wake-task.ts";

export interface SuspendInput extends Fence {
  readonly reason: Suspension;
  readonly deadlineAt: number;
  readonly message: string;
  /** True when the wait ends by itself at the deadline. */
  readonly wakes: boolean;
  /** The task that AWAITING_CHILD waits for. */
  readonly childId?: string;
}

const SUSPEND_SQL = `
  UPDATE tasks
  SET state = 'RETRY_WAIT', suspect = 0, reason_code = @reason, error_code = @reason, error_message = @message,
      attempt = attempt - 1, available_at = @deadlineAt, wakes = @wakes, lease_owner = NULL, lease_until = NULL, updated_at = @now
  WHERE id = @taskId`;

const ASKED_SQL = `
  SELECT count(*) AS asked, coalesce(sum(status = 'PENDING'), 0) AS pending FROM approvals WHERE task_id = @taskId`;

export const suspend = defineVerb("queue.suspend", (tx, input: SuspendInput): boolean => {
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  const { taskId, reason, message, deadlineAt } = input;
  const wakes = input.wakes ? 1 : 0;
  tx.run(SUSPEND_SQL, { taskId, reason, message, deadlineAt, wakes, now: tx.nowMs });
  const child = input.childId === undefined ? {} : { child: input.childId };
  const payload = { message, deadline_at: deadlineAt, wakes: input.wakes, ...child };
  recordTransition(tx, task, { from: "RUNNING", to: "RETRY_WAIT" }, reason, payload);
  // The answer may have come while the attempt was still on its way here.
  const waitsForPerson = reason === "AWAITING_APPROVAL" || reason === "AWAITING_INPUT";
  const approvals = waitsForPerson
    ? tx.get<{ asked: number; pending: number }>(ASKED_SQL, { taskId })
    : undefined;
  if (approvals !== undefined && approvals.asked > 0 && approvals.pending === 0) {
    wakeTask(tx, { ...task, attempt: task.attempt - 1 }, "APPROVAL_ANSWERED");
  }
  if (input.childId !== undefined && hasEnded(tx, input.childId))
    wakeTask(tx, { ...task, attempt: task.attempt - 1 }, "CHILD_ENDED");
  return true;
});
