// The clock of schedules: one timer for the slot that is due next, and none while there is no schedule.

import type { Bus } from "../../bus/bus.ts";
import { type Code, codeOf, messageOf } from "../../domain/error.ts";
import { isDurable } from "../../domain/event.ts";
import { isTerminal } from "../../domain/task.ts";
import { pendingSchedules } from "../../store/schedules.ts";
import { fireDue, type LookPorts } from "./look.ts";

export interface CronPorts extends LookPorts {
  readonly bus: Bus;
}

export interface Cron {
  start(): void;
  /** Schedules have changed: what is due next may be another slot. */
  nudge(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** How long the wall clock is trusted: after this it is looked at again, for it may have been set, or the machine slept. */
const MAX_TIMER_MS = 30_000;
/** After a look that failed: twice as long after each, up to what still leaves a slot on time. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 10_000;

export function createCron(ports: CronPorts): Cron {
  const { store, bus, clock, log } = ports;
  let timer: NodeJS.Timeout | undefined;
  let stopped = true;
  let looking: Promise<void> = Promise.resolve();
  let someWait = false;
  let asked = false;
  let retryMs = RETRY_MS;
  /** Of the last look that ended well; the first cannot know what the clock has been through. */
  let lastMs = Number.POSITIVE_INFINITY;

  const look = async (): Promise<void> => {
    asked = false;
    const nowMs = clock.nowMs();
    try {
      await fireDue(ports, nowMs < lastMs);
      lastMs = nowMs;
      retryMs = RETRY_MS;
      arm();
    } catch (error) {
      if (stopped) return;
      const leastMs = retryMs;
      retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
      // A disk that cannot be written is reported by the store, and waited for.
      if (isStorageFault(codeOf(error))) return void store.healthy().then(() => arm(leastMs));
      log.error("cron", `schedules could not be looked at: ${messageOf(error)}`);
      arm(leastMs);
    }
  };
  /** One look is under way and one may wait behind it; more would see nothing else. */
  const lookNext = (): void => {
    if (!asked) looking = looking.then(look);
    asked = true;
  };
  const arm = (leastMs = 0): void => {
    clearTimeout(timer);
    // The store may be closed by now.
    if (stopped) return;
    const pending = pendingSchedules(store.reader, clock.nowMs());
    someWait = pending.someWait;
    const { nextAt } = pending;
    if (nextAt === null) return;
    const delayMs = Math.min(MAX_TIMER_MS, Math.max(leastMs, nextAt - clock.nowMs()));
    timer = setTimeout(() => lookNext(), delayMs);
  };
  let unsubscribe = (): void => {};
  return {
    start: () => {
      stopped = false;
      // The end of a run may be the turn of the next.
      unsubscribe = bus.subscribe((event) => {
        if (someWait && isDurable(event) && event.to !== null && isTerminal(event.to)) lookNext();
      });
      lookNext();
    },
    nudge: () => {
      if (!stopped) lookNext();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      unsubscribe();
      await looking;
    },
  };
}

function isStorageFault(code: Code): boolean {
  return code === "DISK_FULL" || code === "IO_ERROR";
}
