// Read models of tasks that tasks made: where a task stands among its relatives, and the child that an act made.

import type { TaskState } from "../domain/task.ts";
import type { Reader } from "./reader.ts";

/** What a child takes over from the task that makes it, and how large the family is already. */
export interface Standing {
  readonly agentId: string;
  readonly keyId: string | null;
  readonly scheduleId: string | null;
  readonly model: string | null;
  readonly priority: number;
  readonly traceId: string;
  /** How many tasks are above it. */
  readonly depth: number;
  readonly children: number;
  /** All tasks that come from the one at the top, itself included. */
  readonly family: number;
}

const STANDING_SQL = `
  WITH RECURSIVE
    line(id, parent_id, depth) AS (
      SELECT id, parent_id, 0 FROM tasks WHERE id = @taskId
      UNION ALL
      SELECT tasks.id, tasks.parent_id, depth + 1 FROM line JOIN tasks ON tasks.id = line.parent_id),
    below(id) AS (
      SELECT id FROM line WHERE parent_id IS NULL
      UNION ALL SELECT tasks.id FROM below JOIN tasks ON tasks.parent_id = below.id)
  SELECT agent_id AS agentId, key_id AS keyId, schedule_id AS scheduleId, model, priority, trace_id AS traceId,
         (SELECT max(depth) FROM line) AS depth,
         (SELECT count(*) FROM tasks AS child WHERE child.parent_id = @taskId) AS children,
         (SELECT count(*) FROM below) AS family
  FROM tasks WHERE id = @taskId`;

export function findStanding(reader: Reader, taskId: string): Standing | undefined {
  return reader.get<Standing>(STANDING_SQL, { taskId });
}

/** A task above another one. */
export interface Ancestor {
  readonly id: string;
  readonly agentId: string;
  readonly sessionId: string;
}

const ANCESTORS_SQL = `
  WITH RECURSIVE line(id, parent_id, agent_id, session_id) AS (
    SELECT id, parent_id, agent_id, session_id FROM tasks WHERE id = @taskId
    UNION ALL
    SELECT tasks.id, tasks.parent_id, tasks.agent_id, tasks.session_id
    FROM line CROSS JOIN tasks ON tasks.id = line.parent_id)
  SELECT id, agent_id AS agentId, session_id AS sessionId FROM line WHERE id <> @taskId`;

/** The nearest first. */
export function findAncestors(reader: Reader, taskId: string): Ancestor[] {
  return reader.all<Ancestor>(ANCESTORS_SQL, { taskId });
}

const DELEGATORS_SQL = `
  WITH RECURSIVE line(parent_id, agent_id) AS (
    SELECT parent_id, agent_id FROM tasks WHERE id = @taskId
    UNION ALL
    SELECT tasks.parent_id, tasks.agent_id FROM line JOIN tasks ON tasks.id = line.parent_id)
  SELECT DISTINCT agent_id AS agentId FROM line
  WHERE agent_id <> (SELECT agent_id FROM tasks WHERE id = @taskId)`;

/** The agents of the tasks above, where they are others than the task's own. */
export function findDelegators(reader: Reader, taskId: string): string[] {
  return reader.all<{ agentId: string }>(DELEGATORS_SQL, { taskId }).map(({ agentId }) => agentId);
}

/** A child as its parent is told about it. */
export interface Child {
  readonly id: string;
  readonly agentId: string;
  readonly state: TaskState;
  readonly reasonCode: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly answer: string | null;
  readonly createdAt: number;
}

const CHILD_SQL = `
  SELECT tasks.id, tasks.agent_id AS agentId, tasks.state, tasks.reason_code AS reasonCode,
         tasks.error_code AS errorCode, tasks.error_message AS errorMessage, answer.content AS answer,
         tasks.created_at AS createdAt
  FROM idempotency
  JOIN tasks ON tasks.id = idempotency.task_id
  LEFT JOIN messages AS answer
    ON answer.session_id = tasks.session_id AND answer.anchor = tasks.anchor AND answer.part = 1
  WHERE idempotency.key = @key`;

/** The child that was queued under this idempotency key. */
export function findChild(reader: Reader, key: string): Child | undefined {
  return reader.get<Child>(CHILD_SQL, { key });
}
