// The firing of a schedule, in one transaction: a row for every slot that is due, the task of the one whose turn it is, and
// the time of the next slot. A slot has one row for ever, so whatever happens around it, it never fires twice.

import { type Code, GoclawError } from "../../domain/error.ts";
import { coversAgent } from "../../domain/key.ts";
import { CATCH_UP_MAX, type Misfire, type Overlap, RUNS_KEPT } from "../../domain/schedule.ts";
import { type AuditRecord, appendAudit } from "../../policy/audit.ts";
import { type EnqueueInput, enqueue } from "../../queue/enqueue.ts";
import type { Tx } from "../../store/tx.ts";
import { defineVerb } from "../../store/verb.ts";
import type { Firing } from "./firing.ts";

/** Why nothing of it may run now. */
export interface Reason {
  readonly code: Code;
  readonly text: string;
}

export interface FireInput extends Firing {
  readonly scheduleId: string;
  /** The next slot as it was when this was worked out. */
  readonly expectedAt: number;
  /** The next slot afterwards. */
  readonly nextAt: number;
  readonly refusal: Reason | null;
  /** The task of the slot whose turn it is, and the yes to it. */
  readonly task: EnqueueInput;
  readonly audit: AuditRecord | null;
}

/** Slots that will not run, and why the last of them does not. */
export interface LeftOut extends Reason {
  readonly slots: number;
}

/** `moved`: somebody else has changed the schedule meanwhile, and nothing was done. */
export type Fired =
  | { readonly type: "moved" }
  | { readonly type: "fired"; readonly taskId: string | null; readonly left: readonly LeftOut[] };

const SCHEDULE_SQL = `
  SELECT id, agent_id AS agentId, misfire, overlap, key_id AS keyId, next_at AS nextAt
  FROM schedules WHERE id = @id AND off IS NULL AND removed_at IS NULL`;

const ADVANCE_SQL = "UPDATE schedules SET next_at = @nextAt WHERE id = @id";

const RECORD_SQL = `
  INSERT INTO schedule_runs (schedule_id, slot_at, outcome, late, reason_code, reason, since_at, at)
  VALUES (@id, @slotAt, @outcome, @late, @reasonCode, @reason, @sinceAt, @now)
  ON CONFLICT (schedule_id, slot_at) DO NOTHING`;

interface Row {
  readonly id: string;
  readonly agentId: string;
  readonly misfire: Misfire;
  readonly overlap: Overlap;
  readonly keyId: string | null;
  readonly nextAt: number | null;
}

export const fire = defineVerb("engine.fire", (tx, input: FireInput): Fired => {
  const schedule = tx.get<Row>(SCHEDULE_SQL, { id: input.scheduleId });
  if (schedule === undefined || schedule.nextAt !== input.expectedAt) return { type: "moved" };
  const { id } = schedule;
  const row = { id, late: 0, reasonCode: null, reason: null, sinceAt: null, now: tx.nowMs };
  const left: LeftOut[] = [];
  const missed: Reason = { code: "SCHEDULE_MISSED", text: missedText(schedule.misfire) };
  for (const { slotAt, sinceAt } of input.missed) {
    const why = { reasonCode: missed.code, reason: missed.text };
    tx.run(RECORD_SQL, { ...row, ...why, slotAt, sinceAt, outcome: "missed" });
  }
  if (input.missed.length > 0) left.push({ ...missed, slots: input.missed.length });
  for (const { slotAt, late } of input.runs) {
    const why = input.refusal ?? busyReason(tx, schedule, late);
    const said = { reasonCode: why?.code ?? null, reason: why?.text ?? null };
    const outcome = why === null ? "waiting" : "skipped";
    tx.run(RECORD_SQL, { ...row, ...said, slotAt, late: late ? 1 : 0, outcome });
    if (why !== null) left.push({ ...why, slots: 1 });
  }
  if (input.nextAt !== input.expectedAt) tx.run(ADVANCE_SQL, { id, nextAt: input.nextAt });
  forgetOldRuns(tx, id);
  return { type: "fired", taskId: takeTurn(tx, schedule, input, left), left };
});

function missedText(misfire: Misfire): string {
  if (misfire === "skip") return "no daemon was there in time, and misfire is skip";
  return misfire === "once"
    ? "no daemon was there in time; the newest slot runs for it, because misfire is once"
    : `no daemon was there in time, and no more than ${CATCH_UP_MAX} slots catch up`;
}

const UNFINISHED_SQL = `
  SELECT id, state, reason_code AS reasonCode FROM tasks
  WHERE schedule_id = @id AND finished_at IS NULL LIMIT 1`;

const WAITING_SQL =
  "SELECT count(*) AS runs FROM schedule_runs WHERE schedule_id = @id AND outcome = 'waiting'";

interface Unfinished {
  readonly id: string;
  readonly state: string;
  readonly reasonCode: string | null;
}

/** Null when the slot may run now or wait for its turn. */
function busyReason(tx: Tx, { id, misfire, overlap }: Row, late: boolean): Reason | null {
  const code: Code = "SCHEDULE_OVERLAP";
  const runs = tx.get<{ runs: number }>(WAITING_SQL, { id })?.runs ?? 0;
  if (runs >= CATCH_UP_MAX) return { code, text: `${runs} slots wait for their turn already` };
  if (overlap === "queue" || (late && misfire === "all")) return null;
  const before = tx.get<Unfinished>(UNFINISHED_SQL, { id });
  if (before !== undefined) {
    const state = before.reasonCode === null ? before.state : `${before.state} (${before.reasonCode})`;
    return { code, text: `task ${before.id} of an earlier slot is ${state}, and overlap is skip` };
  }
  return runs === 0 ? null : { code, text: `${waitText(runs)}, and overlap is skip` };
}

function waitText(runs: number): string {
  return runs === 1 ? "an earlier slot waits for its turn" : `${runs} earlier slots wait for their turn`;
}

const TURN_SQL = `
  SELECT slot_at AS slotAt, late FROM schedule_runs
  WHERE schedule_id = @id AND outcome = 'waiting' ORDER BY slot_at LIMIT 1`;

const STARTED_SQL = `
  UPDATE schedule_runs SET outcome = @outcome, task_id = @taskId, at = @now
  WHERE schedule_id = @id AND slot_at = @slotAt`;

const REFUSED_SQL = `
  UPDATE schedule_runs SET outcome = 'skipped', reason_code = @code, reason = @text, at = @now
  WHERE schedule_id = @id AND outcome = 'waiting' AND slot_at <= @slotAt`;

const ALL_SLOTS = Number.MAX_SAFE_INTEGER;

/** The oldest slot that waits becomes a task, unless the one before still runs. */
function takeTurn(
  tx: Tx,
  schedule: Row,
  { task, refusal, audit }: FireInput,
  left: LeftOut[],
): string | null {
  const { id } = schedule;
  const turn = tx.get<{ slotAt: number; late: 0 | 1 }>(TURN_SQL, { id });
  if (turn === undefined) return null;
  const refuse = ({ code, text }: Reason, slotAt: number): null => {
    left.push({ code, text, slots: tx.run(REFUSED_SQL, { id, code, text, slotAt, now: tx.nowMs }) });
    return null;
  };
  if (refusal !== null) return refuse(refusal, ALL_SLOTS);
  const denied = keyReason(tx, schedule);
  if (denied !== null) {
    if (audit !== null) appendAudit(tx, { ...audit, decision: "deny", rule: "api key", code: denied.code });
    return refuse(denied, ALL_SLOTS);
  }
  if (tx.get<Unfinished>(UNFINISHED_SQL, { id }) !== undefined) return null;
  try {
    enqueue.run(tx, { ...task, keyId: schedule.keyId, schedule: { id, slotAt: turn.slotAt } });
  } catch (error) {
    if (!(error instanceof GoclawError)) throw error;
    return refuse({ code: error.code, text: error.message }, turn.slotAt);
  }
  if (audit !== null) appendAudit(tx, { ...audit, taskId: task.id });
  const outcome = turn.late === 1 ? "caught_up" : "ran";
  tx.run(STARTED_SQL, { id, slotAt: turn.slotAt, outcome, taskId: task.id, now: tx.nowMs });
  return task.id;
}

const KEY_SQL = `
  SELECT name, agents, scopes, expires_at AS expiresAt, revoked_at AS revokedAt FROM api_keys WHERE id = @keyId`;

interface Key {
  readonly name: string;
  readonly agents: string;
  readonly scopes: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** A schedule that a key made has the rights the key has now. */
function keyReason(tx: Tx, { keyId, agentId }: Row): Reason | null {
  if (keyId === null) return null;
  const key = tx.get<Key>(KEY_SQL, { keyId });
  const deny = (why: string): Reason => ({ code: "KEY_DENIED", text: `the API key that made it ${why}` });
  if (key === undefined) return deny("is gone");
  if (key.revokedAt !== null) return deny(`(${key.name}) was revoked`);
  if (key.expiresAt !== null && key.expiresAt <= tx.nowMs) return deny(`(${key.name}) has expired`);
  const agents = JSON.parse(key.agents) as string[];
  if (!coversAgent({ agents }, agentId)) return deny(`(${key.name}) is not for agent ${agentId}`);
  const scopes = JSON.parse(key.scopes) as string[];
  return scopes.includes("acp.mutate") ? null : deny(`(${key.name}) may not submit tasks`);
}

const FORGET_SQL = `
  DELETE FROM schedule_runs
  WHERE schedule_id = @id AND outcome <> 'waiting' AND slot_at <= (
    SELECT slot_at FROM schedule_runs WHERE schedule_id = @id ORDER BY slot_at DESC LIMIT 1 OFFSET @kept)`;

function forgetOldRuns(tx: Tx, id: string): void {
  tx.run(FORGET_SQL, { id, kept: RUNS_KEPT });
}
