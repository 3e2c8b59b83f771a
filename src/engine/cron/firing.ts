// What becomes of the slots that are due, by the schedule's own policy for slots that were missed. Pure.

import { CATCH_UP_MAX, type Misfire, ON_TIME_MS } from "../../domain/schedule.ts";
import type { Due } from "./slots.ts";

export interface Firing {
  /** Slots to run, ascending; `late` ones catch up. */
  readonly runs: readonly { readonly slotAt: number; readonly late: boolean }[];
  readonly missed: readonly { readonly slotAt: number; readonly sinceAt: number | null }[];
}

/** How many due slots are looked at. */
export const DUE_MAX = CATCH_UP_MAX + 1;

/** `from` is the first slot that is due, whether it is among `due` or before them. */
export function planFiring(misfire: Misfire, due: Due, from: number, now: number): Firing {
  const { slots, hasEarlier } = due;
  const newest = slots.at(-1);
  if (newest === undefined) return { runs: [], missed: [] };
  const isLate = (slotAt: number): boolean => now - slotAt > ON_TIME_MS;
  const sinceOf = (slotAt: number): number | null => (hasEarlier && slotAt === slots[0] ? from : null);
  const runs = {
    skip: () => (isLate(newest) ? [] : [newest]),
    once: () => [newest],
    // What stands for slots that are not looked at any more did not run.
    all: () => (hasEarlier ? slots.slice(1) : slots),
  }[misfire]();
  return {
    runs: runs.map((slotAt) => ({ slotAt, late: isLate(slotAt) })),
    missed: slots
      .filter((slotAt) => !runs.includes(slotAt))
      .map((slotAt) => ({ slotAt, sinceAt: sinceOf(slotAt) })),
  };
}
