// Waiting for a task that this command line has submitted: shows it, cancels it on Ctrl-C, and says where it goes on when
// waiting is over first.

import { EXIT } from "../domain/error.ts";
import { isTerminal } from "../domain/task.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import type { Context, Signal } from "./context.ts";
import { findTask } from "./find-by-id.ts";
import { followTask } from "./follow.ts";
import type { Link } from "./link.ts";
import { createJsonView, createTextView, type RunView } from "./run-view.ts";
import { createWaits } from "./run-waits.ts";

interface ViewOptions {
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly timeout?: number;
}

/** Shows a task up to its end; returns the exit code. `onEnded` comes before the answer is shown whole. */
export async function waitForEnd(
  context: Context,
  link: Link,
  taskId: string,
  wait: Wait,
  options: ViewOptions,
  onEnded: (task: WireTask) => Promise<void> = async () => {},
): Promise<number> {
  const view = options.json ? createJsonView(context, link, taskId) : createTextView(context, options);
  const cancel = (): void => {
    context.stderr.write("goclaw: canceling the task; Ctrl-C again leaves at once\n");
    const path = `/api/v1/tasks/${taskId}/cancel`;
    void link.api.post(path).catch((error: Error) => view.onBreak(error));
  };
  wait.onCancel(cancel);
  const { stderr } = context;
  // A terminal has somebody who can answer elsewhere too; a timeout says how long to wait for that.
  const leaves = !stderr.isTerminal && options.timeout === undefined;
  const onMove = createWaits(
    {
      ...{ context, link, mayAsk: options.json !== true, signal: wait.signal },
      leave: leaves ? wait.leave : undefined,
    },
    taskId,
  );
  const onEvent = (event: WireEvent): void => {
    view.onEvent(event);
    onMove(event);
  };
  const followed = await followTask(link, taskId, { ...view, onEvent }, wait.signal);
  if (followed === undefined && wait.reason() === "EPIPE") return EXIT.failed;
  const task = followed ?? (await findTask(link.api, taskId));
  // It may have ended in the moment in which waiting did.
  if (followed === undefined && !isTerminal(task.state))
    return await leave(context, link, task, view, wait.reason());
  await onEnded(task);
  return await view.end(task);
}

/** Waiting is over, the task is not. */
async function leave(
  { stderr }: Context,
  link: Link,
  task: WireTask,
  view: RunView,
  reason: string,
): Promise<number> {
  await view.leave(task);
  const later = link.own ? "goes on when a daemon runs (`goclaw daemon start`)" : "goes on";
  stderr.write(
    `goclaw: ${reason}; task ${task.id} is ${task.state} and ${later}; \`goclaw task tail ${task.id}\` follows it\n`,
  );
  return EXIT.failed;
}

export interface Wait {
  /** Aborted when waiting is over before the task is. */
  readonly signal: AbortSignal;
  readonly onSignal: (signal: Signal) => void;
  reason(): string;
  /** Ends the waiting for this reason. */
  leave(why: string): void;
  /** What the first Ctrl-C does; it may have come already. */
  onCancel(cancel: () => void): void;
  close(): void;
}

/** How long to wait: until the timeout, a second Ctrl-C, a signal to leave, or until nobody reads the output. */
export function createWait({ timeout }: { readonly timeout?: number }): Wait {
  const control = new AbortController();
  let cancel: (() => void) | undefined;
  let interrupted = false;
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => control.abort(`the answer did not come within ${timeout} s`), timeout * 1_000);
  return {
    signal: control.signal,
    onSignal: (signal) => {
      if (signal !== "SIGINT") control.abort(signal === "EPIPE" ? "EPIPE" : `interrupted by ${signal}`);
      else if (interrupted) control.abort("interrupted");
      else {
        interrupted = true;
        cancel?.();
      }
    },
    reason: () => String(control.signal.reason),
    leave: (why) => control.abort(why),
    onCancel: (action) => {
      cancel = action;
      if (interrupted) action();
    },
    close: () => clearTimeout(timer),
  };
}
