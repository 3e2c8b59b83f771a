// RUNNING → SUCCEEDED: assistant message, usage, state and event in one transaction. Returns false when the lease is
// lost; nothing is written then.

import type { TaskResult } from "../domain/task.ts";
import { defineVerb } from "../store/verb.ts";
import { type Fence, heldTask } from "./lease.ts";
import { recordTransition } from "./transition.ts";

export interface CompleteInput extends Fence {
  readonly result: TaskResult;
}

const COMPLETE_SQL = `
  UPDATE tasks
  SET state = 'SUCCEEDED', reason_code = NULL, error_code = NULL, error_message = NULL, lease_owner = NULL,
      lease_until = NULL, finished_at = @now, updated_at = @now
  WHERE id = @taskId`;

const INSERT_ANSWER_SQL = `
  INSERT INTO messages (session_id, anchor, part, role, content, task_id, created_at)
  VALUES (@sessionId, @anchor, 1, 'assistant', @text, @taskId, @now)`;

export const complete = defineVerb("queue.complete", (tx, input: CompleteInput): boolean => {
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  const { taskId, result } = input;
  const now = tx.nowMs;
  tx.run(COMPLETE_SQL, { taskId, now });
  tx.run(INSERT_ANSWER_SQL, {
    sessionId: task.sessionId,
    anchor: task.anchor,
    text: result.text,
    taskId,
    now,
  });
  recordTransition(tx, task, { from: "RUNNING", to: "SUCCEEDED" }, null);
  return true;
});
