// Clients' own requests run beside the lanes of agents, up to a number of their own, so that neither kind waits for the
// other. Beyond that number they take lanes like everything else.

import { PASSAGE_LANES } from "../domain/passage.ts";
import type { ClaimedTask, TaskKind } from "../domain/task.ts";

export const PASSAGE = "passthrough" satisfies TaskKind;

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
