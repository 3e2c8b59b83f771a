// One timer for the row of RETRY_WAIT that is due next. The delay runs on the monotonic clock; when it is over, what
// was due then is woken even if the wall clock was set back meanwhile.

import type { Clock } from "../domain/time.ts";
import { wakeDue } from "../queue/wake.ts";
import type { Store } from "../store/store.ts";

/** How long the wall clock is trusted: a row that seems further off is looked at again after this. */
const MAX_TIMER_MS = 30_000;

export interface Waker {
  /** A row is due at `dueAt` (epoch ms); 0 asks for a look now. */
  noteDue(dueAt: number): void;
  stop(): void;
}

export function createWaker(store: Store, clock: Clock, onError: (error: unknown) => void): Waker {
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;
  let stopped = false;

  const look = async (dueAt: number): Promise<void> => {
    try {
      const { nextDueAt } = await store.insist(wakeDue, { dueAt: Math.max(dueAt, clock.nowMs()) });
      if (nextDueAt !== null) noteDue(nextDueAt);
    } catch (error) {
      if (!stopped) onError(error);
    }
  };

  const noteDue = (dueAt: number): void => {
    if (stopped || dueAt >= armedFor) return;
    clearTimeout(timer);
    armedFor = dueAt;
    const delayMs = Math.max(0, dueAt - clock.nowMs());
    timer = setTimeout(
      () => {
        armedFor = Number.POSITIVE_INFINITY;
        void look(delayMs > MAX_TIMER_MS ? 0 : dueAt);
      },
      Math.min(MAX_TIMER_MS, delayMs),
    );
  };

  return {
    noteDue,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
