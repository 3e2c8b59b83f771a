// Read models of tasks and their events. Lists page by id, which sorts by creation time.

import type { DurableEvent, DurableEventType } from "../domain/event.ts";
import type { Task, TaskRoute, TaskState } from "../domain/task.ts";
import type { Reader } from "./reader.ts";

const COLUMNS = `
  tasks.id, tasks.session_id AS sessionId, tasks.agent_id AS agentId, tasks.kind, tasks.state, tasks.attempt,
  tasks.max_attempts AS maxAttempts, tasks.priority, tasks.reason_code AS reasonCode, tasks.error_code AS errorCode,
  tasks.error_message AS errorMessage, prompt.content AS prompt, answer.content AS resultText,
  tasks.input_tokens AS inputTokens, tasks.output_tokens AS outputTokens, tasks.cached_tokens AS cachedTokens,
  (SELECT CASE WHEN count(*) = count(cost_usd) THEN sum(cost_usd) END FROM (
    SELECT cost_usd FROM answers WHERE task_id = tasks.id
    UNION ALL SELECT cost_usd FROM summaries WHERE task_id = tasks.id
    UNION ALL SELECT CASE partial WHEN 0 THEN cost_usd END FROM failed_calls WHERE task_id = tasks.id
    UNION ALL SELECT cost_usd FROM classifications WHERE task_id = tasks.id)) AS costUsd,
  (SELECT json_object('provider', provider, 'model', model, 'layer', layer, 'rule', rule, 'tier', tier)
    FROM routes WHERE task_id = tasks.id) AS route,
  tasks.output_schema IS NOT NULL AS structured, tasks.parent_id AS parentId,
  tasks.schedule_id AS scheduleId, tasks.idempotency_key AS idempotencyKey, tasks.trace_id AS traceId,
  tasks.created_at AS createdAt, tasks.updated_at AS updatedAt, tasks.available_at AS availableAt,
  tasks.started_at AS startedAt, tasks.finished_at AS finishedAt`;

const FROM = `
  FROM tasks
  LEFT JOIN messages AS prompt
    ON prompt.session_id = tasks.session_id AND prompt.anchor = tasks.anchor AND prompt.part = 0
  LEFT JOIN messages AS answer
    ON answer.session_id = tasks.session_id AND answer.anchor = tasks.anchor AND answer.part = 1`;

const GET_SQL = `SELECT ${COLUMNS} ${FROM} WHERE tasks.id = @id`;

const LIST_SQL = `
  SELECT ${COLUMNS} ${FROM}
  WHERE tasks.id < @cursor
    AND (@state IS NULL OR tasks.state = @state)
    AND (@agents IS NULL OR tasks.agent_id IN (SELECT value FROM json_each(@agents)))
    AND (@sessionId IS NULL OR tasks.session_id = @sessionId)
  ORDER BY tasks.id DESC LIMIT @limit`;

interface TaskRow extends Omit<Task, "result" | "usage" | "prompt" | "route"> {
  readonly prompt: string | null;
  readonly resultText: string | null;
  readonly structured: 0 | 1;
  readonly route: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly costUsd: number | null;
}

function toTask(row: TaskRow): Task {
  const { resultText, structured, inputTokens, outputTokens, cachedTokens, costUsd, ...rest } = row;
  return {
    ...rest,
    prompt: row.prompt ?? "",
    route: row.route === null ? null : (JSON.parse(row.route) as TaskRoute),
    result:
      resultText === null
        ? null
        : { text: resultText, ...(structured === 1 && { structured: JSON.parse(resultText) as unknown }) },
    usage: { inputTokens, outputTokens, cachedTokens, costUsd },
  };
}

export function findTaskById(reader: Reader, id: string): Task | undefined {
  const row = reader.get<TaskRow>(GET_SQL, { id });
  return row === undefined ? undefined : toTask(row);
}

const AGENT_SQL = "SELECT agent_id AS agentId FROM tasks WHERE id = @id";

/** Whose task it is; undefined when there is none. */
export function agentOfTask(reader: Reader, id: string): string | undefined {
  return reader.get<{ agentId: string }>(AGENT_SQL, { id })?.agentId;
}

export interface TaskFilter {
  readonly state: TaskState | null;
  /** Any of these; null for all. */
  readonly agentIds: readonly string[] | null;
  readonly sessionId: string | null;
  /** Ids before this one; null starts at the newest. */
  readonly cursor: string | null;
  readonly limit: number;
}

/** Newest first. */
export function listTasks(reader: Reader, filter: TaskFilter): Task[] {
  const { state, agentIds, sessionId, cursor, limit } = filter;
  const agents = agentIds === null ? null : JSON.stringify(agentIds);
  return reader
    .all<TaskRow>(LIST_SQL, { state, agents, sessionId, cursor: cursor ?? "~", limit })
    .map(toTask);
}

const EVENTS_SQL = `
  SELECT seq, task_id AS taskId, session_id AS sessionId, agent_id AS agentId, type, state_from AS "from",
         state_to AS "to", attempt, reason_code AS reasonCode, payload, at
  FROM task_events WHERE task_id = @taskId AND seq > @after ORDER BY seq LIMIT @limit`;

interface EventRow extends Omit<DurableEvent, "payload"> {
  readonly type: DurableEventType;
  readonly payload: string;
}

/** The task's events after `after`, oldest first. */
export function taskEvents(reader: Reader, taskId: string, after: number, limit: number): DurableEvent[] {
  return reader
    .all<EventRow>(EVENTS_SQL, { taskId, after, limit })
    .map((row) => ({ ...row, payload: JSON.parse(row.payload) as Record<string, unknown> }));
}

// One statement a state, each counted on the partial index that exists for it.
const COUNT_SQL = {
  queued: "SELECT count(*) AS tasks FROM tasks WHERE state = 'QUEUED'",
  running: "SELECT count(*) AS tasks FROM tasks WHERE lease_owner IS NOT NULL",
  retryWait: "SELECT count(*) AS tasks FROM tasks WHERE state = 'RETRY_WAIT'",
  deadLetter: "SELECT count(*) AS tasks FROM tasks WHERE state = 'DEAD_LETTER'",
} as const;

/** How many tasks are in each of the states an operator watches. */
export function countTasks(reader: Reader): Readonly<Record<keyof typeof COUNT_SQL, number>> {
  const count = (name: keyof typeof COUNT_SQL): number =>
    reader.get<{ tasks: number }>(COUNT_SQL[name])?.tasks ?? 0;
  return {
    queued: count("queued"),
    running: count("running"),
    retryWait: count("retryWait"),
    deadLetter: count("deadLetter"),
  };
}
