// What becomes of the slots that are due, by the schedule's own policy for slots that were missed. Pure.

import { CATCH_UP_MAX, type Misfire, ON_TIME_MS } from "../../domain/schedule.ts";
import type { Due } from "./slots.ts";

export interface Firing {
  /** Slots to run, ascending; `late` ones catch up. */
  readonly runs: readonly { readonly slotAt: number; readonly late: boolean }[];
  readonly missed: readonly { readonly slotAt: number; readonly sinceAt: number | null }[];
}

/** How many due slots are looked at; the oldest stands for those before it. */
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
    all: () => slots.slice(-CATCH_UP_MAX),
  }[misfire]();
  return {
    runs: runs.map((slotAt) => ({ slotAt, late: isLate(slotAt) })),
    missed: slots
      .filter((slotAt) => !runs.includes(slotAt))
      .map((slotAt) => ({ slotAt, sinceAt: sinceOf(slotAt) })),
  };
}
