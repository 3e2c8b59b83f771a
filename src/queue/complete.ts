// RUNNING → SUCCEEDED: assistant message, usage, state and event. A step of the verb that ends an attempt, which has
// looked at the fence.

import type { TokenUsage } from "../domain/message.ts";
import type { TaskResult } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import type { HeldTask } from "./lease.ts";
import { recordTransition } from "./transition.ts";
import { wakeParent } from "./wake-parent.ts";

const COMPLETE_SQL = `
  UPDATE tasks
  SET state = 'SUCCEEDED', reason_code = NULL, error_code = NULL, error_message = NULL, lease_owner = NULL,
      lease_until = NULL, input_tokens = input_tokens + @inputTokens, output_tokens = output_tokens + @outputTokens,
      cached_tokens = cached_tokens + @cachedTokens, finished_at = @now, updated_at = @now
  WHERE id = @taskId`;

const INSERT_ANSWER_SQL = `
  INSERT INTO messages (session_id, anchor, part, role, content, task_id, aside, created_at)
  VALUES (@sessionId, @anchor, 1, 'assistant', @text, @taskId, @aside, @now)`;

/** `usage`: of the last answer only, earlier ones are counted already. */
export function completeTask(tx: Tx, task: HeldTask, result: TaskResult, usage: TokenUsage): void {
  const { id: taskId, sessionId, anchor, aside } = task;
  const now = tx.nowMs;
  tx.run(COMPLETE_SQL, { taskId, ...usage, now });
  tx.run(INSERT_ANSWER_SQL, { sessionId, anchor, text: result.text, taskId, aside, now });
  recordTransition(tx, task, { from: "RUNNING", to: "SUCCEEDED" }, null);
  if (task.parentId !== null) wakeParent(tx, taskId);
}
