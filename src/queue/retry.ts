// DEAD_LETTER → QUEUED, by an operator only: a fresh count of attempts, the journal kept.

import { GoclawError } from "../domain/error.ts";
import { defineVerb } from "../store/verb.ts";
import { findTask } from "./find.ts";
import { recordTransition } from "./transition.ts";

const RETRY_SQL = `
  UPDATE tasks
  SET state = 'QUEUED', suspect = 0, reason_code = 'OPERATOR_RETRY', attempt = 0, fingerprint = NULL, fingerprint_count = 0,
      error_code = NULL, error_message = NULL, available_at = @now, finished_at = NULL, updated_at = @now
  WHERE id = @taskId`;

export const retryDeadLetter = defineVerb("queue.retry", (tx, input: { taskId: string }): void => {
  const task = findTask(tx, input.taskId);
  if (task.state !== "DEAD_LETTER") {
    throw new GoclawError(
      "STATE_CONFLICT",
      `task ${task.id} is ${task.state}; only a task in DEAD_LETTER can be retried`,
    );
  }
  tx.run(RETRY_SQL, { taskId: task.id, now: tx.nowMs });
  recordTransition(tx, { ...task, attempt: 0 }, { from: "DEAD_LETTER", to: "QUEUED" }, "OPERATOR_RETRY");
});
