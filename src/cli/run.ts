// `goclaw run`: submits one task and waits for its end. The task belongs to the daemon from the moment it is accepted;
// what happens to this process afterwards does not harm it.

import { writeFileSync } from "node:fs";
import { EXIT, GoclawError, messageOf } from "../domain/error.ts";
import type { WireTask } from "../rpc/wire.ts";
import { LostDaemon } from "./api.ts";
import type { Context, GlobalOptions, Signal } from "./context.ts";
import { writeJson } from "./context.ts";
import { followTask } from "./follow.ts";
import { openHome } from "./home.ts";
import { type Link, withLink } from "./link.ts";
import { readPrompt, readSchema } from "./prompt.ts";
import { createJsonView, createTextView, type RunView } from "./run-view.ts";
import { UsageError } from "./usage-error.ts";

interface RunOptions extends GlobalOptions {
  readonly agent?: string;
  readonly session?: string;
  readonly model?: string;
  readonly schema?: string;
  readonly record?: string;
  readonly idempotencyKey?: string;
  readonly detach?: boolean;
  readonly timeout?: number;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

interface Accepted {
  readonly task_id: string;
  readonly session_id: string;
  readonly task: WireTask;
}

export async function run(context: Context, args: readonly string[], options: RunOptions): Promise<number> {
  const prompt = await readPrompt(context, args[0] ?? "");
  const schema = options.schema === undefined ? undefined : readSchema(options.schema);
  if (options.record !== undefined && options.detach === true) {
    throw new UsageError("--record needs the task's end; leave --detach out", ["run"]);
  }
  const paths = openHome(context, options);
  const wait = createWait(context, options);
  const beforeOwn = async (): Promise<void> => {
    const { requireModel } = await import("./keys.ts");
    requireModel(context, paths, options.agent ?? "default", options.model);
  };
  try {
    return await withLink(
      context,
      paths,
      options,
      { beforeOwn, onSignal: wait.onSignal, takesWork: options.detach !== true },
      async (link) => {
        const accepted = await submit(context, link, { prompt, schema }, options);
        return options.detach === true
          ? detach(context, link, accepted, options)
          : await waitForEnd(context, link, accepted.task_id, wait, options);
      },
    );
  } finally {
    wait.close();
  }
}

const SUBMIT_TRIES = 3;

/** Sent with a key of its own when the user gave none, so that sending it again makes no second task. */
async function submit(
  context: Context,
  link: Link,
  { prompt, schema }: { readonly prompt: string; readonly schema: unknown },
  options: RunOptions,
): Promise<Accepted> {
  const { agent, session, model } = options;
  const key = options.idempotencyKey ?? `run-${Buffer.from(context.random.bytes(16)).toString("hex")}`;
  const body = {
    prompt,
    ...(agent !== undefined && { agent }),
    ...(session !== undefined && { session_id: session }),
    ...(model !== undefined && { model }),
    ...(schema !== undefined && { schema }),
  };
  for (let left = SUBMIT_TRIES; ; left--) {
    try {
      return await link.api.post<Accepted>("/api/v1/tasks", body, { "idempotency-key": key });
    } catch (error) {
      if (!(error instanceof LostDaemon) || left === 1) throw error;
      await link.renew();
    }
  }
}

function detach({ stdout, stderr }: Context, link: Link, accepted: Accepted, options: RunOptions): number {
  if (options.json === true) writeJson(stdout, accepted);
  else stdout.write(`${accepted.task_id}\n`);
  if (link.own) stderr.write("goclaw: no daemon runs; `goclaw daemon start` starts one that does the task\n");
  return EXIT.ok;
}

/** Writes the task's answers as a cassette; also those of a task that failed, since that is what a test may need. */
async function record(link: Link, taskId: string, file: string): Promise<void> {
  const path = `/api/v1/tasks/${encodeURIComponent(taskId)}/cassette`;
  const { cassette } = await link.api.get<{ cassette: unknown }>(path);
  try {
    writeFileSync(file, `${JSON.stringify(cassette, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new GoclawError(
      "IO_ERROR",
      `--record ${file}: ${messageOf(error)}; task ${taskId} itself has ended`,
    );
  }
}

async function waitForEnd(
  context: Context,
  link: Link,
  taskId: string,
  wait: Wait,
  options: RunOptions,
): Promise<number> {
  const view = options.json ? createJsonView(context, link, taskId) : createTextView(context, options);
  const cancel = (): void => {
    context.stderr.write("goclaw: canceling the task; Ctrl-C again leaves at once\n");
    const path = `/api/v1/tasks/${taskId}/cancel`;
    void link.api.post(path).catch((error: Error) => view.onBreak(error));
  };
  wait.onCancel(cancel);
  const ended = await followTask(link, taskId, view, wait.signal);
  if (ended !== undefined) {
    if (options.record !== undefined) await record(link, taskId, options.record);
    return await view.end(ended);
  }
  return await leave(context, link, taskId, view, wait.reason());
}

/** Waiting is over, the task is not. */
async function leave(
  { stderr }: Context,
  link: Link,
  taskId: string,
  view: RunView,
  reason: string,
): Promise<number> {
  if (reason === "EPIPE") return EXIT.failed;
  const { task } = await link.api.get<{ task: WireTask }>(`/api/v1/tasks/${taskId}`);
  await view.leave(task);
  const later = link.own ? "goes on when a daemon runs (`goclaw daemon start`)" : "goes on";
  stderr.write(
    `goclaw: ${reason}; task ${taskId} is ${task.state} and ${later}; \`goclaw task tail ${taskId}\` follows it\n`,
  );
  return EXIT.failed;
}

interface Wait {
  /** Aborted when waiting is over before the task is. */
  readonly signal: AbortSignal;
  readonly onSignal: (signal: Signal) => void;
  reason(): string;
  /** What the first Ctrl-C does; it may have come already. */
  onCancel(cancel: () => void): void;
  close(): void;
}

/** How long to wait: until the timeout, a second Ctrl-C, a signal to leave, or until nobody reads the output. */
function createWait(_context: Context, { timeout }: RunOptions): Wait {
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
    onCancel: (action) => {
      cancel = action;
      if (interrupted) action();
    },
    close: () => clearTimeout(timer),
  };
}
