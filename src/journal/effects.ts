// Tool calls in the journal: intent before the act, outcome after it. What a row's status allows after a crash is the
// whole of the promise about side effects.

import { createHash } from "node:crypto";
import type { Label, Taint } from "../domain/act.ts";
import { type Fence, type HeldTask, heldTask } from "../queue/lease.ts";
import type { Reader } from "../store/reader.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";

export type EffectClass = "pure" | "keyed" | "once";
export type EffectStatus = "PENDING" | "DONE" | "FAILED" | "REFUSED" | "UNKNOWN";

/** Which call of which turn, with exactly which arguments. */
export interface EffectRef {
  readonly key: string;
  readonly turn: number;
  readonly callIndex: number;
  readonly tool: string;
  readonly effectClass: EffectClass;
  readonly digest: string;
}

export interface Effect {
  readonly key: string;
  readonly turn: number;
  readonly callIndex: number;
  readonly tool: string;
  readonly effectClass: EffectClass;
  readonly status: EffectStatus;
  readonly outcome: string | null;
}

/**
 * The key of one wanted act: two identical calls in one turn are two acts, the same call after a crash is the same.
 * Shape: 32 hex characters, also what a keyed or once tool sends as its idempotency key.
 */
export function effectKey(
  taskId: string,
  turn: number,
  callIndex: number,
  tool: string,
  args: string,
): string {
  return sha256(`${taskId}\n${turn}\n${callIndex}\n${tool}\n${args}`).slice(0, 32);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

// A pending pure or keyed act is taken up again by a later attempt under the same key.
const INTEND_SQL = `
  INSERT INTO effects (key, task_id, turn, call_index, tool, class, status, digest, attempt, created_at)
  VALUES (@key, @taskId, @turn, @callIndex, @tool, @class, 'PENDING', @digest, @attempt, @now)
  ON CONFLICT (key) DO UPDATE SET attempt = @attempt WHERE status = 'PENDING' AND class <> 'once'`;

const UNKNOWN_SQL = "UPDATE effects SET status = 'UNKNOWN' WHERE key = @key AND status = 'PENDING'";

/**
 * Inside a fenced transaction: writes the intent. Returns false when the act must not be made again: a `once` act was
 * intended before and never settled, and its row now says UNKNOWN.
 */
export function insertIntent(tx: Tx, task: HeldTask, effect: EffectRef): boolean {
  const { key, turn, callIndex, tool, effectClass, digest } = effect;
  const row = { key, taskId: task.id, turn, callIndex, tool, class: effectClass, digest };
  if (tx.run(INTEND_SQL, { ...row, attempt: task.attempt, now: tx.nowMs }) === 0) {
    tx.run(UNKNOWN_SQL, { key });
    return false;
  }
  appendEffectEvent(tx, task, "tool.start", null, { tool, turn, call: callIndex, key, class: effectClass });
  return true;
}

const INTENT_SQL = "SELECT 1 AS one FROM effects WHERE key = @key";

export function hasIntent(tx: Tx, key: string): boolean {
  return tx.get(INTENT_SQL, { key }) !== undefined;
}

/** True for a `once` act that was begun and never settled: whatever is decided now, it may have happened. */
export function isInDoubt(effect: Effect | undefined): boolean {
  return effect?.effectClass === "once" && (effect.status === "PENDING" || effect.status === "UNKNOWN");
}

export interface DoubtInput extends Fence {
  readonly key: string;
}

/** Returns false when the lease is lost. */
export const doubtEffect = defineVerb(
  "journal.doubt_effect",
  (tx, { key, ...fence }: DoubtInput): boolean => {
    if (heldTask(tx, fence) === undefined) return false;
    tx.run(UNKNOWN_SQL, { key });
    return true;
  },
);

const OUTCOME_SQL = "SELECT outcome FROM effects WHERE key = @key";

export function findOutcome(tx: Tx, key: string): string | undefined {
  return tx.get<{ outcome: string | null }>(OUTCOME_SQL, { key })?.outcome ?? undefined;
}

const SETTLE_SQL = `
  UPDATE effects SET status = @status, outcome = @outcome, labels = @labels, source = @source, settled_at = @now
  WHERE key = @key AND status IN ('PENDING', 'UNKNOWN')`;

export interface SettleEffectInput extends Fence {
  readonly key: string;
  readonly tool: string;
  readonly turn: number;
  readonly callIndex: number;
  readonly status: "DONE" | "FAILED" | "UNKNOWN";
  readonly outcome: string | null;
  /** What the result brings into the task, separated by spaces. */
  readonly labels: string;
  /** Whose words its text from outside are; empty without such text. */
  readonly source: string;
}

/**
 * Writes the outcome of an act. The row is settled even when the lease is lost, since the act did happen; the event
 * and the answer to the model belong to the attempt that holds the lease. Returns whether this one does.
 */
export const settleEffect = defineVerb("journal.settle_effect", (tx, input: SettleEffectInput): boolean => {
  const { key, status, outcome, labels, source, tool, turn, callIndex } = input;
  tx.run(SETTLE_SQL, { key, status, outcome, labels, source, now: tx.nowMs });
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  appendEffectEvent(tx, task, "tool.end", null, { tool, turn, call: callIndex, key, status });
  return true;
});

const REFUSE_SQL = `
  INSERT INTO effects (key, task_id, turn, call_index, tool, class, status, digest, outcome, attempt, created_at, settled_at)
  VALUES (@key, @taskId, @turn, @callIndex, @tool, @class, 'REFUSED', @digest, @outcome, @attempt, @now, @now)
  ON CONFLICT (key) DO UPDATE SET status = 'REFUSED', outcome = @outcome, settled_at = @now
  WHERE status = 'PENDING' AND class <> 'once'`;

const BEGUN_SQL = "SELECT 1 AS one FROM effects WHERE key = @key AND status = 'PENDING' AND class = 'keyed'";
const BEGUN = "; an earlier attempt had begun it, and whether it took effect is not known";

/**
 * Inside a fenced transaction: writes a call that was refused, so that a later attempt repeats the refusal. Returns what
 * the model is told: of an act that was begun before, that it may have happened all the same.
 */
export function insertRefusal(tx: Tx, task: HeldTask, effect: EffectRef, code: string, why: string): string {
  const { key, turn, callIndex, tool, effectClass, digest } = effect;
  const outcome = tx.get(BEGUN_SQL, { key }) === undefined ? why : `${why}${BEGUN}`;
  const row = { key, taskId: task.id, turn, callIndex, tool, class: effectClass, digest, outcome };
  tx.run(REFUSE_SQL, { ...row, attempt: task.attempt, now: tx.nowMs });
  appendEffectEvent(tx, task, "tool.refused", code, { tool, turn, call: callIndex, key, why: outcome });
  return outcome;
}

function appendEffectEvent(
  tx: Tx,
  task: HeldTask,
  type: "tool.start" | "tool.end" | "tool.refused",
  reasonCode: string | null,
  payload: Readonly<Record<string, unknown>>,
): void {
  const { id: taskId, sessionId, agentId, attempt } = task;
  tx.append({ taskId, sessionId, agentId, type, from: null, to: null, attempt, reasonCode, payload });
}

const LOAD_SQL = `
  SELECT key, turn, call_index AS callIndex, tool, class AS effectClass, status, outcome
  FROM effects WHERE task_id = @taskId ORDER BY turn, call_index`;

export function loadEffects(reader: Reader, taskId: string): Effect[] {
  return reader.all<Effect>(LOAD_SQL, { taskId });
}

// Everything in the sessions of the task and of those above it: later tasks of a session are shown what earlier ones were
// told, and a child was given its parent's words. A schedule's prompt was written by whoever made the schedule.
const TAINT_SQL = `
  WITH RECURSIVE line(id, parent_id, session_id) AS (
    SELECT id, parent_id, session_id FROM tasks WHERE id = @taskId
    UNION ALL
    SELECT tasks.id, tasks.parent_id, tasks.session_id FROM line JOIN tasks ON tasks.id = line.parent_id)
  SELECT DISTINCT effects.labels, effects.source
  FROM line CROSS JOIN tasks ON tasks.session_id = line.session_id
       CROSS JOIN effects ON effects.task_id = tasks.id
  WHERE effects.labels <> ''
  UNION
  SELECT schedules.labels, ''
  FROM line CROSS JOIN tasks ON tasks.id = line.id CROSS JOIN schedules ON schedules.id = tasks.schedule_id
  WHERE schedules.labels <> ''`;

const SOURCES_MAX = 20;

/** What the results of tools have brought so far into a task's session and into those it comes from. */
export function loadTaint(reader: Reader, taskId: string): Taint {
  const rows = reader.all<{ labels: string; source: string }>(TAINT_SQL, { taskId });
  const sources = new Set(rows.map(({ source }) => source).filter((source) => source !== ""));
  return {
    labels: [...new Set(rows.flatMap(({ labels }) => labels.split(" ") as Label[]))].sort(),
    sources: [...sources].sort().slice(0, SOURCES_MAX),
  };
}
