// QUEUED, CLAIMED, RUNNING or RETRY_WAIT → CANCELED on request. A running attempt is not asked: its fence is gone with
// the state, so it can write nothing more, and the engine aborts it when it sees the event. Its children that have not
// ended are canceled with it; a parent that waits for it is told. At a start, so is what no client waits for any more.

import { GoclawError } from "../domain/error.ts";
import { isTerminal, type TaskState } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { type FoundTask, findTask } from "./find.ts";
import { recordTransition, type TaskRef } from "./transition.ts";
import { wakeParent } from "./wake-parent.ts";

const CANCEL_SQL = `
  UPDATE tasks
  SET state = 'CANCELED', reason_code = @reason, error_code = @reason, error_message = @message,
      lease_owner = NULL, lease_until = NULL, finished_at = @now, updated_at = @now
  WHERE id = @taskId`;

const ASKED_SQL = `
  SELECT id FROM approvals WHERE session_id = @sessionId AND task_id = @taskId AND status = 'PENDING'`;

const WITHDRAW_SQL = "UPDATE approvals SET status = 'EXPIRED' WHERE id = @id AND status = 'PENDING'";

// Parents before their children, so that none is woken by the end of one.
const DESCENDANTS_SQL = `
  WITH RECURSIVE below(id) AS (
    SELECT id FROM tasks WHERE parent_id = @taskId
    UNION ALL SELECT tasks.id FROM below JOIN tasks ON tasks.parent_id = below.id)
  SELECT tasks.id, session_id AS sessionId, agent_id AS agentId, priority, attempt, state, reason_code AS reasonCode
  FROM below CROSS JOIN tasks ON tasks.id = below.id
  WHERE finished_at IS NULL`;

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
  cancelOne(tx, task, "ABORTED");
  for (const child of tx.all<FoundTask>(DESCENDANTS_SQL, { taskId: task.id }))
    cancelOne(tx, child, "ABORTED");
  return from;
});

function cancelOne(tx: Tx, task: FoundTask, reason: "ABORTED" | "CLIENT_GONE"): void {
  const message = reason === "ABORTED" ? "aborted" : "the daemon went, and with it the client's connection";
  tx.run(CANCEL_SQL, { taskId: task.id, reason, message, now: tx.nowMs });
  withdrawQuestions(tx, task);
  const from = task.state as "QUEUED" | "CLAIMED" | "RUNNING" | "RETRY_WAIT";
  recordTransition(tx, task, { from, to: "CANCELED" }, reason);
  wakeParent(tx, task.id);
}

// With a key of its own a request can be made again, and then finds the task.
const ABANDONED_SQL = `
  SELECT tasks.id, session_id AS sessionId, agent_id AS agentId, priority, attempt, state, reason_code AS reasonCode
  FROM passages CROSS JOIN tasks ON tasks.id = passages.task_id
  WHERE idempotency_key IS NULL AND finished_at IS NULL`;

/** At a start: clients' own requests whose connections ended with the daemon before. */
export function cancelAbandoned(tx: Tx): void {
  for (const task of tx.all<FoundTask>(ABANDONED_SQL, {})) cancelOne(tx, task, "CLIENT_GONE");
}

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
