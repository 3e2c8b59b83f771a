// Brings the schedules of config.yaml into the database at a start. The file says what they are; the rows know what they
// have done.

import type { ScheduleOrder } from "../../domain/schedule.ts";
import type { Store } from "../../store/store.ts";
import type { Log } from "../../telemetry/log.ts";
import { nextSlot, openPlan } from "./slots.ts";
import { type NewSchedule, reconcileSchedules } from "./verbs.ts";

export async function reconcile(
  store: Store,
  log: Log,
  orders: readonly ScheduleOrder[],
  newId: () => string,
  now: number,
): Promise<void> {
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
