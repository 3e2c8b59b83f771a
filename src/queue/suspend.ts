// RUNNING → RETRY_WAIT for somebody: a person, a child, a budget. Holds no lane, has a deadline, and gives the
// attempt back, since waiting is not failing.

import type { Suspension } from "../domain/task.ts";
import { defineVerb } from "../store/verb.ts";
import { type Fence, heldTask } from "./lease.ts";
import { recordTransition } from "./transition.ts";

export interface SuspendInput extends Fence {
  readonly reason: Suspension;
  readonly deadlineAt: number;
  readonly message: string;
  /** True when the wait ends by itself at the deadline. */
  readonly wakes: boolean;
}

const SUSPEND_SQL = `
  UPDATE tasks
  SET state = 'RETRY_WAIT', suspect = 0, reason_code = @reason, error_code = @reason, error_message = @message,
      attempt = attempt - 1, available_at = @deadlineAt, wakes = @wakes, lease_owner = NULL, lease_until = NULL, updated_at = @now
  WHERE id = @taskId`;

export const suspend = defineVerb("queue.suspend", (tx, input: SuspendInput): boolean => {
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  const { taskId, reason, message, deadlineAt } = input;
  const wakes = input.wakes ? 1 : 0;
  tx.run(SUSPEND_SQL, { taskId, reason, message, deadlineAt, wakes, now: tx.nowMs });
  const payload = { message, deadline_at: deadlineAt, wakes: input.wakes };
  recordTransition(tx, task, { from: "RUNNING", to: "RETRY_WAIT" }, reason, payload);
  return true;
});
