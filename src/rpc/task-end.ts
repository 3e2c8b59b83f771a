// Waits inside the daemon for a task to end, or to wait for somebody.

import { isTerminal } from "../domain/task.ts";
import type { Rpc } from "./dispatch.ts";
import { type Follower, suspensionOf } from "./follow.ts";
import type { Caller } from "./method.ts";
import { getTask } from "./methods/task.ts";
import type { WireTask } from "./wire.ts";

/** Undefined when `signal` came first; the task goes on then. */
export async function waitForTask(
  rpc: Rpc,
  follower: Follower,
  taskId: string,
  caller: Caller,
  signal: AbortSignal,
): Promise<WireTask | undefined> {
  const over = Promise.withResolvers<void>();
  const stop = follower.follow(taskId, 0, {
    onDelta: () => {},
    onEvent: (event) => {
      const ended = event.to !== null && isTerminal(event.to);
      if (ended || event.reasonCode === "SHUTDOWN_REQUEUED" || suspensionOf(event) !== undefined)
        over.resolve();
    },
  });
  const onAbort = (): void => over.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (!signal.aborted) await over.promise;
    if (signal.aborted) return undefined;
    return (await rpc.call(getTask, { task_id: taskId }, caller)).task;
  } finally {
    stop();
    signal.removeEventListener("abort", onAbort);
  }
}
