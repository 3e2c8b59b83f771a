// QUEUED, CLAIMED, RUNNING or RETRY_WAIT → CANCELED on request. A running attempt is not asked: its fence is gone with
// the state, so it can write nothing more, and the engine aborts it when it sees the event.

import { GoclawError } from "../domain/error.ts";
import { isTerminal, type TaskState } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { findTask } from "./find.ts";
import { recordTransition, type TaskRef } from "./transition.ts";

const CANCEL_SQL = `
  UPDATE tasks
  SET state = 'CANCELED', reason_code = 'ABORTED', error_code = 'ABORTED', error_message = 'aborted',
      lease_owner = NULL, lease_until = NULL, finished_at = @now, updated_at = @now
  WHERE id = @taskId`;

const ASKED_SQL = `
  SELECT id FROM approvals WHERE session_id = @sessionId AND task_id = @taskId AND status = 'PENDING'`;

const WITHDRAW_SQL = "UPDATE approvals SET status = 'EXPIRED' WHERE id = @id AND status = 'PENDING'";

/** Returns the state the task was in; throws TASK_NOT_FOUND, or STATE_CONFLICT when it has already ended. */
export const cancel = defineVerb("queue.cancel", (tx, input: { taskId: string }): TaskState => {
  const task = findTask(tx, input.taskId);
  const from = task.state;
  if (from === "CANCELED") return from;
  if (isTerminal(from)) {
    throw new GoclawError(
      "STATE_CONFLICT",
      `task ${task.id} has already ended as ${from}; it cannot be canceled`,
    );
  }
  tx.run(CANCEL_SQL, { taskId: task.id, now: tx.nowMs });
  withdrawQuestions(tx, task);
  recordTransition(
    tx,
    task,
    { from: from as "QUEUED" | "CLAIMED" | "RUNNING" | "RETRY_WAIT", to: "CANCELED" },
    "ABORTED",
  );
  return from;
});

/** What the task asks a person is no longer asked, and whoever shows the question is told. */
function withdrawQuestions(tx: Tx, { id: taskId, sessionId, agentId, attempt }: TaskRef): void {
  for (const { id } of tx.all<{ id: string }>(ASKED_SQL, { sessionId, taskId })) {
    tx.run(WITHDRAW_SQL, { id });
    const payload = { approval: id, status: "EXPIRED" };
    const type = "approval.updated";
    tx.append({
      taskId,
      sessionId,
      agentId,
      type,
      from: null,
      to: null,
      attempt,
      reasonCode: "ABORTED",
      payload,
    });
  }
}
