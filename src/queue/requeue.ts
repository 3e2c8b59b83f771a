// RUNNING → QUEUED at a polite stop: the attempt was stopped, not failed, so it is given back.

import { defineVerb } from "../store/verb.ts";
import { type Fence, heldTask } from "./lease.ts";
import { recordTransition } from "./transition.ts";

const REQUEUE_SQL = `
  UPDATE tasks
  SET state = 'QUEUED', suspect = 0, reason_code = 'SHUTDOWN_REQUEUED', attempt = attempt - 1, available_at = @now,
      lease_owner = NULL, lease_until = NULL, updated_at = @now
  WHERE id = @taskId`;

export const requeue = defineVerb("queue.requeue", (tx, input: Fence): boolean => {
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  tx.run(REQUEUE_SQL, { taskId: task.id, now: tx.nowMs });
  recordTransition(tx, task, { from: "RUNNING", to: "QUEUED" }, "SHUTDOWN_REQUEUED");
  return true;
});
