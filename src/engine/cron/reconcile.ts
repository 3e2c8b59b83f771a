// Brings the schedules of config.yaml into the database at a start. The file says what they are; the rows know what they
// have done.

import type { ScheduleOrder } from "../../domain/schedule.ts";
import { listSchedules } from "../../store/schedules.ts";
import type { Store } from "../../store/store.ts";
import type { Tx } from "../../store/tx.ts";
import { defineVerb } from "../../store/verb.ts";
import type { Log } from "../../telemetry/log.ts";
import { nextSlot, openPlan } from "./slots.ts";
import { dropWaiting, insertSchedule, type NewSchedule, sourceOf } from "./verbs.ts";

export async function reconcile(
  store: Store,
  log: Log,
  orders: readonly ScheduleOrder[],
  newId: () => string,
  now: number,
): Promise<void> {
  const hadAny = listSchedules(store.reader).some(({ source }) => source === "config");
  if (orders.length === 0 && !hadAny) return;
  const wanted: NewSchedule[] = [];
  for (const { session, ...order } of orders) {
    const nextAt = nextSlot(await openPlan(order.cronExpr, order.timezone), now);
    wanted.push({
      ...order,
      ...{ id: newId(), sessionId: session === "keep" ? newId() : null, createdBy: "config", keyId: null },
      nextAt: order.enabled ? nextAt : null,
    });
  }
  const clashes = await store.run(reconcileSchedules, { orders: wanted });
  for (const name of clashes) {
    const advice = `rename it, or remove the other: goclaw cron remove ${name}`;
    log.error(
      "cron",
      `schedule ${name} of config.yaml is left out: a client made one of that name; ${advice}`,
    );
  }
}

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
      if (sourceOf(tx, order.name) === "api") clashes.push(order.name);
      else if (before === undefined) insertSchedule(tx, order, "config");
      else update(tx, before, order);
    }
    for (const { id, removedAt } of there.values()) {
      if (removedAt !== null) continue;
      tx.run(VANISH_SQL, { id, now: tx.nowMs });
      dropWaiting(tx, id, "it is not in config.yaml any more");
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
