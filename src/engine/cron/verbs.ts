// Schedules as rows: added, changed and removed by clients, and switched on and off. Nothing here fires one.

import type { WireBudget } from "../../domain/budget.ts";
import { GoclawError } from "../../domain/error.ts";
import {
  type Misfire,
  type Overlap,
  SCHEDULES_PER_AGENT_MAX,
  type ScheduleOrder,
} from "../../domain/schedule.ts";
import { type AuditRecord, appendAudit } from "../../policy/audit.ts";
import type { Tx } from "../../store/tx.ts";
import { defineVerb } from "../../store/verb.ts";

/** A schedule to be; `nextAt` is null when it is off. */
export interface NewSchedule extends Omit<ScheduleOrder, "session"> {
  readonly id: string;
  readonly sessionId: string | null;
  readonly createdBy: string;
  readonly keyId: string | null;
  readonly nextAt: number | null;
}

const TAKEN_SQL = "SELECT source FROM schedules WHERE name = @name AND removed_at IS NULL";

/** Who made the schedule of that name; undefined when there is none. */
export function sourceOf(tx: Tx, name: string): "config" | "api" | undefined {
  return tx.get<{ source: "config" | "api" }>(TAKEN_SQL, { name })?.source;
}

const COUNT_SQL = `
  SELECT count(*) AS schedules FROM schedules WHERE agent_id = @agentId AND removed_at IS NULL`;

const ADD_SQL = `
  INSERT INTO schedules (id, name, cron_expr, timezone, agent_id, prompt, session_id, model, misfire, overlap, off, source,
                         created_by, key_id, budgets, next_at, created_at, updated_at)
  VALUES (@id, @name, @cronExpr, @timezone, @agentId, @prompt, @sessionId, @model, @misfire, @overlap, @off, @source,
          @createdBy, @keyId, @budgets, @nextAt, @now, @now)`;

export const addSchedule = defineVerb("engine.add_schedule", (tx, order: NewSchedule): void => {
  const { name, agentId } = order;
  const taken = sourceOf(tx, name);
  if (taken !== undefined) {
    const advice =
      taken === "config"
        ? "it is from config.yaml; choose another name"
        : `remove it first (goclaw cron remove ${name}) or choose another name`;
    throw new GoclawError("STATE_CONFLICT", `there is a schedule called ${name} already; ${advice}`);
  }
  const count = tx.get<{ schedules: number }>(COUNT_SQL, { agentId })?.schedules ?? 0;
  if (count >= SCHEDULES_PER_AGENT_MAX) {
    const why = `agent ${agentId} has ${count} schedules, as many as it may`;
    throw new GoclawError("BAD_REQUEST", `${why}; goclaw cron remove takes one away`);
  }
  insertSchedule(tx, order, "api");
});

export function insertSchedule(tx: Tx, order: NewSchedule, source: "config" | "api"): void {
  const { enabled, budgets, ...rest } = order;
  const off = enabled ? null : source === "config" ? "config" : "operator";
  tx.run(ADD_SQL, { ...rest, budgets: JSON.stringify(budgets), off, source, now: tx.nowMs });
}

/** What of a schedule changes; null stays. */
export interface ScheduleChange {
  readonly id: string;
  readonly cronExpr: string | null;
  readonly timezone: string | null;
  readonly prompt: string | null;
  readonly model: string | null;
  readonly misfire: Misfire | null;
  readonly overlap: Overlap | null;
  /** Laid over the limits it has. */
  readonly budgets: WireBudget;
  /** The slot after now, when the clock it goes by has changed. */
  readonly nextAt: number | null;
}

const BUDGETS_SQL = "SELECT budgets FROM schedules WHERE id = @id AND removed_at IS NULL AND source = 'api'";

const CHANGE_SQL = `
  UPDATE schedules
  SET cron_expr = coalesce(@cronExpr, cron_expr), timezone = coalesce(@timezone, timezone),
      prompt = coalesce(@prompt, prompt), model = coalesce(@model, model), misfire = coalesce(@misfire, misfire),
      overlap = coalesce(@overlap, overlap), budgets = @budgets, updated_at = @now,
      next_at = CASE WHEN off IS NULL THEN coalesce(@nextAt, next_at) END
  WHERE id = @id`;

/** False when it is gone already, or is not the client's to change. */
export const changeSchedule = defineVerb(
  "engine.change_schedule",
  (tx, { budgets, ...change }: ScheduleChange): boolean => {
    const before = tx.get<{ budgets: string }>(BUDGETS_SQL, { id: change.id });
    if (before === undefined) return false;
    const limits = { ...(JSON.parse(before.budgets) as WireBudget), ...budgets };
    tx.run(CHANGE_SQL, { ...change, budgets: JSON.stringify(limits), now: tx.nowMs });
    return true;
  },
);

const REMOVE_SQL = `
  UPDATE schedules SET removed_at = @now, next_at = NULL, updated_at = @now
  WHERE id = @id AND removed_at IS NULL AND source = 'api' RETURNING id`;

const DROP_WAITING_SQL = `
  UPDATE schedule_runs SET outcome = 'skipped', reason_code = 'SCHEDULE_OFF', reason = @why, at = @now
  WHERE schedule_id = @id AND outcome = 'waiting'`;

/** What waits for its turn will not have it. */
export function dropWaiting(tx: Tx, id: string, why: string): void {
  tx.run(DROP_WAITING_SQL, { id, why, now: tx.nowMs });
}

/** Its runs and what it spent stay. False when it is gone already, or is not the client's to remove. */
export const removeSchedule = defineVerb(
  "engine.remove_schedule",
  (tx, { id }: { readonly id: string }): boolean => {
    if (tx.get(REMOVE_SQL, { id, now: tx.nowMs }) === undefined) return false;
    dropWaiting(tx, id, "the schedule was removed");
    return true;
  },
);

const OFF_SQL = `
  UPDATE schedules SET off = @off, next_at = NULL, updated_at = @now
  WHERE id = @id AND removed_at IS NULL AND off IS NULL RETURNING id`;

/** `audit` when nobody asked for it. Tasks that run already go on. */
export const switchOff = defineVerb(
  "engine.switch_schedule_off",
  (
    tx,
    { id, off, audit }: { readonly id: string; readonly off: string; readonly audit: AuditRecord | null },
  ): boolean => {
    if (tx.get(OFF_SQL, { id, off, now: tx.nowMs }) === undefined) return false;
    dropWaiting(tx, id, `the schedule was switched off: ${off}`);
    if (audit !== null) appendAudit(tx, audit);
    return true;
  },
);

const ON_SQL = `
  UPDATE schedules SET off = NULL, next_at = @nextAt, updated_at = @now
  WHERE id = @id AND removed_at IS NULL AND off IS NOT NULL RETURNING id`;

export const switchOn = defineVerb(
  "engine.switch_schedule_on",
  (tx, { id, nextAt }: { readonly id: string; readonly nextAt: number }): boolean =>
    tx.get(ON_SQL, { id, nextAt, now: tx.nowMs }) !== undefined,
);
