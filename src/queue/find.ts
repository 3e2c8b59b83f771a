// Finds one task inside the writer's transaction, for verbs that an operator calls by id.

import { GoclawError } from "../domain/error.ts";
import type { TaskState } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import type { TaskRef } from "./transition.ts";

export interface FoundTask extends TaskRef {
  readonly state: TaskState;
  readonly reasonCode: string | null;
}

const FIND_SQL = `
  SELECT id, session_id AS sessionId, agent_id AS agentId, priority, attempt, state, reason_code AS reasonCode
  FROM tasks WHERE id = @taskId`;

export function findTask(tx: Tx, taskId: string): FoundTask {
  const task = tx.get<FoundTask>(FIND_SQL, { taskId });
  if (task === undefined) throw taskNotFound(taskId);
  return task;
}

export function taskNotFound(taskId: string): GoclawError {
  return new GoclawError(
    "TASK_NOT_FOUND",
    `there is no task ${JSON.stringify(taskId)}; goclaw task list shows them`,
  );
}
