// When a schedule fires: a pure function of its expression, its zone and an instant. A schedule that names hours fires
// once at each wall time it names: where the clocks are set forward over it, at that moment; where they are set back, the
// first time. One that fires in every hour goes by real hours and takes no notice of either.

import { canonicalCron, parseCron } from "../../domain/cron.ts";
import { openZone } from "./zone.ts";

export interface Plan {
  /** Slots after `instant`, ascending, epoch ms. Throws when there is none. */
  after(instant: number): Generator<number, void>;
}

/** At most the newest `max` slots from `from` to `to`, both included. */
export interface Due {
  readonly slots: readonly number[];
  /** True when there are slots before these. */
  readonly hasEarlier: boolean;
}

const HOUR_MS = 3_600_000;
/** No clock is set back further. */
const BACK_MS = 3 * HOUR_MS;
const HOURS_A_DAY = 24;

/** Loads the library at its first use. Throws RangeError for an expression or a zone that is none. */
export async function openPlan(cronExpr: string, timezone: string): Promise<Plan> {
  const fields = parseCron(cronExpr);
  if (typeof fields === "string") throw new RangeError(`cron_expr ${JSON.stringify(cronExpr)}: ${fields}`);
  const zone = openZone(timezone);
  const { wallsAfter } = await import("./next-wall.ts");
  const expression = canonicalCron(fields);
  const isHourly = fields.hours.values.length === HOURS_A_DAY;
  return {
    after: function* (instant) {
      // Wall times that come again soon lie before this one.
      const backMs = Math.max(0, zone.wallAt(instant) - (zone.wallAt(instant + BACK_MS) - BACK_MS));
      let last = instant;
      let pending: number[] = [];
      for (const wall of wallsAfter(expression, zone.wallAt(instant) - backMs)) {
        const { instants, jump } = zone.instantsOf(wall);
        // First instants ascend with their walls, so whatever is not after this one is next.
        const first = instants[0] ?? jump;
        pending = [...pending, ...(isHourly ? instants : [first])].sort((a, b) => a - b);
        while (pending[0] !== undefined && pending[0] <= first) {
          const slot = pending.shift() as number;
          if (slot <= last) continue;
          last = slot;
          yield slot;
        }
      }
    },
  };
}

export function nextSlot(plan: Plan, instant: number): number {
  const [slot] = take(plan, instant, 1);
  if (slot === undefined) throw new RangeError("it never fires again");
  return slot;
}

export function take(plan: Plan, instant: number, count: number): number[] {
  const slots: number[] = [];
  for (const slot of plan.after(instant)) {
    slots.push(slot);
    if (slots.length === count) break;
  }
  return slots;
}

/** Looks back from `to`, so that a long outage of a busy schedule costs no more than a short one. */
export function dueSlots(plan: Plan, from: number, to: number, max: number): Due {
  for (let spanMs = HOUR_MS; ; spanMs *= 2) {
    const start = Math.max(from, to - spanMs);
    const slots: number[] = [];
    for (const slot of plan.after(start - 1)) {
      if (slot > to) break;
      slots.push(slot);
    }
    if (start === from || slots.length > max)
      return { slots: slots.slice(-max), hasEarlier: slots.length > max };
  }
}

const RATE_SLOTS = 300;
const RATE_MS = 28 * HOURS_A_DAY * HOUR_MS;

/** How many slots a day has, on average over the next weeks. */
export function slotsPerDay(plan: Plan, instant: number): number {
  let count = 0;
  let last = instant;
  for (const slot of plan.after(instant)) {
    // A schedule that fires less often than that is known by its next slot.
    if (count > 0 && slot - instant > RATE_MS) {
      last = Math.max(last, instant + RATE_MS);
      break;
    }
    count++;
    last = slot;
    if (count === RATE_SLOTS) break;
  }
  return (count * HOURS_A_DAY * HOUR_MS) / (last - instant);
}
