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
  readonly priority: number;
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
  count(tx, task, null, "QUEUED");
  append(tx, task, "task.enqueued", null, "QUEUED", null, payload);
}

export function recordTransition(
  tx: Tx,
  task: TaskRef,
  move: Transition,
  reasonCode: string | null,
  payload: Readonly<Record<string, unknown>> = {},
): void {
  count(tx, task, move.from, move.to);
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

/** How many tasks are queued at one priority of one agent; claiming visits the levels that have any. */
export const LEVELS = "level ";
export const levelOf = (agentId: string, priority: number): string => `${LEVELS}${priority} ${agentId}`;

export function parseLevel(name: string): [priority: number, agentId: string] {
  const [, priority, agentId] = name.split(" ");
  return [Number(priority), agentId ?? ""];
}

/** How many tasks of one agent are queued, and how many tasks are under a lease. */
export const queuedCount = (agentId: string): string => `queued ${agentId}`;
export const LEASED_COUNT = "leased";

function count(tx: Tx, task: TaskRef, from: TaskState | null, to: TaskState): void {
  if (to === "QUEUED") countQueued(tx, task, 1);
  if (from === "QUEUED") countQueued(tx, task, -1);
  if (isLeased(to) && !isLeased(from)) tx.add(LEASED_COUNT, 1);
  if (isLeased(from) && !isLeased(to)) tx.add(LEASED_COUNT, -1);
}

function countQueued(
  tx: Tx,
  { agentId, priority }: Pick<TaskRef, "agentId" | "priority">,
  delta: number,
): void {
  tx.add(queuedCount(agentId), delta);
  tx.add(levelOf(agentId, priority), delta);
}

function isLeased(state: TaskState | null): boolean {
  return state === "CLAIMED" || state === "RUNNING";
}

const QUEUED_COUNTS_SQL = `
  SELECT agent_id AS agentId, priority, count(*) AS depth FROM tasks
  WHERE state = 'QUEUED' GROUP BY agent_id, priority`;

const LEASED_COUNT_SQL = "SELECT count(*) AS leased FROM tasks WHERE lease_owner IS NOT NULL";

/** Loads the counts at start; afterwards every transition keeps them. */
export function loadCounts(tx: Tx): void {
  for (const level of tx.all<{ agentId: string; priority: number; depth: number }>(QUEUED_COUNTS_SQL)) {
    countQueued(tx, level, level.depth);
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
