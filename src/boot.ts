// Start-up in named phases, in order; shutdown in reverse. A phase that fails stops what was started before it, and
// the error carries the code of what went wrong.

import { messageOf } from "./domain/error.ts";
import type { Clock } from "./domain/time.ts";

export interface Boot {
  /** Runs one phase; `stop` undoes it at shutdown. */
  phase<Value>(
    name: string,
    start: () => Value | Promise<Value>,
    stop?: (value: Value) => void | Promise<void>,
  ): Promise<Value>;
  /** Stops everything that was started, last first. Errors are reported and do not keep the rest from stopping. */
  shutdown(): Promise<void>;
}

export function createBoot(
  clock: Clock,
  report: (phase: string, ms: number) => void,
  onError: (text: string) => void,
): Boot {
  const stops: { name: string; stop: () => void | Promise<void> }[] = [];
  const shutdown = async (): Promise<void> => {
    for (let next = stops.pop(); next !== undefined; next = stops.pop()) {
      try {
        await next.stop();
      } catch (error) {
        onError(`stopping ${next.name}: ${messageOf(error)}`);
      }
    }
  };
  return {
    shutdown,
    phase: async (name, start, stop) => {
      const startedMs = clock.monoMs();
      try {
        const value = await start();
        if (stop !== undefined) stops.push({ name, stop: () => stop(value) });
        report(name, clock.monoMs() - startedMs);
        return value;
      } catch (error) {
        await shutdown();
        throw error;
      }
    },
  };
}
