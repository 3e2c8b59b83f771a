// Schedules as rows: added and removed by clients, switched on and off, and brought in line with config.yaml at a start.
// What comes from the file follows the file and keeps its runs.

import { GoclawError } from "../../domain/error.ts";
import { SCHEDULES_PER_AGENT_MAX, type ScheduleOrder } from "../../domain/schedule.ts";
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
const COUNT_SQL = `
  SELECT count(*) AS schedules FROM schedules WHERE agent_id = @agentId AND removed_at IS NULL`;

const ADD_SQL = `
  INSERT INTO schedules (id, name, cron_expr, timezone, agent_id, prompt, session_id, model, misfire, overlap, off, source,
                         created_by, key_id, budgets, next_at, created_at, updated_at)
  VALUES (@id, @name, @cronExpr, @timezone, @agentId, @prompt, @sessionId, @model, @misfire, @overlap, @off, @source,
          @createdBy, @keyId, @budgets, @nextAt, @now, @now)`;

export const addSchedule = defineVerb("engine.add_schedule", (tx, order: NewSchedule): void => {
  const { name, agentId } = order;
  const taken = tx.get<{ source: string }>(TAKEN_SQL, { name });
  if (taken !== undefined) {
    const advice =
      taken.source === "config"
        ? "it is from config.yaml; choose another name"
        : `remove it first (goclaw cron remove ${name}) or choose another name`;
    throw new GoclawError("STATE_CONFLICT", `there is a schedule called ${name} already; ${advice}`);
  }
  const count = tx.get<{ schedules: number }>(COUNT_SQL, { agentId })?.schedules ?? 0;
  if (count >= SCHEDULES_PER_AGENT_MAX) {
    const why = `agent ${agentId} has ${count} schedules, as many as it may`;
    throw new GoclawError("BAD_REQUEST", `${why}; goclaw cron remove takes one away`);
  }
  insert(tx, order, "api");
});

function insert(tx: Tx, order: NewSchedule, source: "config" | "api"): void {
  const { enabled, budgets, ...rest } = order;
  const off = enabled ? null : source === "config" ? "config" : "operator";
  tx.run(ADD_SQL, { ...rest, budgets: JSON.stringify(budgets), off, source, now: tx.nowMs });
}

const REMOVE_SQL = `
  UPDATE schedules SET removed_at = @now, next_at = NULL, updated_at = @now
  WHERE id = @id AND removed_at IS NULL AND source = 'api' RETURNING id`;

const DROP_WAITING_SQL = `
  UPDATE schedule_runs SET outcome = 'skipped', reason_code = 'SCHEDULE_OFF', reason = @why, at = @now
  WHERE schedule_id = @id AND outcome = 'waiting'`;

/** Its runs and what it spent stay. False when it is gone already, or is not the client's to remove. */
export const removeSchedule = defineVerb(
  "engine.remove_schedule",
  (tx, { id }: { readonly id: string }): boolean => {
    if (tx.get(REMOVE_SQL, { id, now: tx.nowMs }) === undefined) return false;
    tx.run(DROP_WAITING_SQL, { id, why: "the schedule was removed", now: tx.nowMs });
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
    tx.run(DROP_WAITING_SQL, { id, why: `the schedule was switched off: ${off}`, now: tx.nowMs });
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

const CONFIGURED_SQL = `
  SELECT id, name, cron_expr AS cronExpr, timezone, session_id AS sessionId, off, next_at AS nextAt, removed_at AS removedAt
  FROM schedules WHERE source = 'config' ORDER BY created_at`;

const UPDATE_SQL = `
  UPDATE schedules
  SET cron_expr = @cronExpr, timezone = @timezone, agent_id = @agentId, prompt = @prompt, session_id = @sessionId,
      model = @model, misfire = @misfire, overlap = @overlap, off = @off, budgets = @budgets, next_at = @nextAt,
      updated_at = @now, removed_at = NULL
  WHERE id = @id`;

const VANISH_SQL = "UPDATE schedules SET removed_at = @now, next_at = NULL, updated_at = @now WHERE id = @id";

interface Configured {
  readonly id: string;
  readonly name: string;
  readonly cronExpr: string;
  readonly timezone: string;
  readonly sessionId: string | null;
  readonly off: string | null;
  readonly nextAt: number | null;
  readonly removedAt: number | null;
}

/** `nextAt` of each is the slot after now, for those that start anew. Returns names that a client's schedule has taken. */
export const reconcileSchedules = defineVerb(
  "engine.reconcile_schedules",
  (tx, { orders }: { readonly orders: readonly NewSchedule[] }): string[] => {
    const there = new Map(tx.all<Configured>(CONFIGURED_SQL).map((row) => [row.name, row]));
    const clashes: string[] = [];
    for (const order of orders) {
      const before = there.get(order.name);
      there.delete(order.name);
      const taken = tx.get<{ source: string }>(TAKEN_SQL, { name: order.name });
      if (taken?.source === "api") clashes.push(order.name);
      else if (before === undefined) insert(tx, order, "config");
      else update(tx, before, order);
    }
    for (const { id, removedAt } of there.values()) {
      if (removedAt !== null) continue;
      tx.run(VANISH_SQL, { id, now: tx.nowMs });
      tx.run(DROP_WAITING_SQL, { id, why: "it is not in config.yaml any more", now: tx.nowMs });
    }
    return clashes;
  },
);

/** Slots of the time between are due only when it would have fired at them. */
function update(tx: Tx, before: Configured, order: NewSchedule): void {
  const { cronExpr, timezone, agentId, prompt, model, misfire, overlap } = order;
  const isSame = before.cronExpr === cronExpr && before.timezone === timezone && before.removedAt === null;
  const stays = before.off === "operator" ? "operator" : null;
  const off = order.enabled ? stays : "config";
  const nextAt = off !== null ? null : isSame && before.nextAt !== null ? before.nextAt : order.nextAt;
  const sessionId = order.sessionId === null ? null : (before.sessionId ?? order.sessionId);
  tx.run(UPDATE_SQL, {
    ...{
      id: before.id,
      cronExpr,
      timezone,
      agentId,
      prompt,
      model,
      misfire,
      overlap,
      sessionId,
      off,
      nextAt,
    },
    budgets: JSON.stringify(order.budgets),
    now: tx.nowMs,
  });
}
