// Records a move of a task: the event that goes with the row's change, and the counts the writer keeps in memory.
// Only a pair from the transition table type-checks, and every verb that changes `state` calls this once per change.

import type { DurableEventType } from "../domain/event.ts";
import type { TaskState, Transition } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";

/** The part of a task row that every event repeats. */
export interface TaskRef {
  readonly id: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly attempt: number;
}

const EVENT_OF: Record<TaskState, DurableEventType> = {
  QUEUED: "task.requeued",
  CLAIMED: "task.claimed",
  RUNNING: "task.running",
  RETRY_WAIT: "task.retry_wait",
  SUCCEEDED: "task.succeeded",
  FAILED: "task.failed",
  CANCELED: "task.canceled",
  DEAD_LETTER: "task.dead_letter",
};

export function recordEnqueued(tx: Tx, task: TaskRef, payload: Readonly<Record<string, unknown>>): void {
  count(tx, task.agentId, null, "QUEUED");
  append(tx, task, "task.enqueued", null, "QUEUED", null, payload);
}

export function recordTransition(
  tx: Tx,
  task: TaskRef,
  move: Transition,
  reasonCode: string | null,
  payload: Readonly<Record<string, unknown>> = {},
): void {
  count(tx, task.agentId, move.from, move.to);
  append(tx, task, EVENT_OF[move.to], move.from, move.to, reasonCode, payload);
}

function append(
  tx: Tx,
  task: TaskRef,
  type: DurableEventType,
  from: TaskState | null,
  to: TaskState,
  reasonCode: string | null,
  payload: Readonly<Record<string, unknown>>,
): void {
  const { id: taskId, sessionId, agentId, attempt } = task;
  tx.append({ taskId, sessionId, agentId, type, from, to, attempt, reasonCode, payload });
}

/** Queue depth per agent, and how many tasks are under a lease. */
export const queuedCount = (agentId: string): string => `queued:${agentId}`;
export const LEASED_COUNT = "leased";

function count(tx: Tx, agentId: string, from: TaskState | null, to: TaskState): void {
  if (to === "QUEUED") tx.add(queuedCount(agentId), 1);
  if (from === "QUEUED") tx.add(queuedCount(agentId), -1);
  if (isLeased(to) && !isLeased(from)) tx.add(LEASED_COUNT, 1);
  if (isLeased(from) && !isLeased(to)) tx.add(LEASED_COUNT, -1);
}

function isLeased(state: TaskState | null): boolean {
  return state === "CLAIMED" || state === "RUNNING";
}

const QUEUED_COUNTS_SQL = `
  SELECT agent_id AS agentId, count(*) AS depth FROM tasks WHERE state = 'QUEUED' GROUP BY agent_id`;

const LEASED_COUNT_SQL = "SELECT count(*) AS leased FROM tasks WHERE lease_owner IS NOT NULL";

/** Loads the counts at start; afterwards every transition keeps them. */
export function loadCounts(tx: Tx): void {
  for (const { agentId, depth } of tx.all<{ agentId: string; depth: number }>(QUEUED_COUNTS_SQL)) {
    tx.add(queuedCount(agentId), depth);
  }
  tx.add(LEASED_COUNT, tx.get<{ leased: number }>(LEASED_COUNT_SQL)?.leased ?? 0);
  tx.add(FAIR_CLOCK, tx.get<{ tag: number | null }>(FAIR_CLOCK_SQL)?.tag ?? 0);
}

/** Start-time fair queueing: the tag of the task claimed last; a new session starts there (decision 0005). */
export const FAIR_CLOCK = "fair clock";

// Tags of waiting tasks are what the clock must not overtake; with an empty queue it goes on from the latest tasks.
const FAIR_CLOCK_SQL = `
  SELECT coalesce(
    (SELECT min(fair_tag) - 1 FROM tasks WHERE state = 'QUEUED'),
    (SELECT max(fair_tag) FROM (SELECT fair_tag FROM tasks ORDER BY id DESC LIMIT 1000)),
    0) AS tag`;
