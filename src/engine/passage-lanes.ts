// Clients' own requests run beside the lanes of agents, up to a number of their own: they wait for a vendor and for nothing
// else, and neither kind waits for the other. Beyond that number they take lanes like everything else.

import type { ClaimedTask, TaskKind } from "../domain/task.ts";

export const PASSAGE = "passthrough" satisfies TaskKind;

const PASSAGE_LANES = 128;

interface Busy {
  readonly task: ClaimedTask;
}

export function isPassage({ task }: Busy): boolean {
  return task.kind === PASSAGE;
}

/** Places beside the lanes that nobody has. */
export function freePlaces(busy: readonly Busy[]): number {
  return PASSAGE_LANES - busy.filter(isPassage).length;
}

/** How many lanes are taken by what runs. */
export function takenLanes(busy: readonly Busy[]): number {
  return busy.length - Math.min(PASSAGE_LANES, busy.filter(isPassage).length);
}
