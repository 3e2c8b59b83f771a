// `goclaw run`: submits one task and waits for its end. The task belongs to the daemon from the moment it is accepted;
// what happens to this process afterwards does not harm it.

import { EXIT } from "../domain/error.ts";
import type { WireTask } from "../rpc/wire.ts";
import { LostDaemon } from "./api.ts";
import type { Context, GlobalOptions } from "./context.ts";
import { writeJson } from "./context.ts";
import { findSessionId } from "./find-by-id.ts";
import { openHome } from "./home.ts";
import { type Link, withLink } from "./link.ts";
import { readPrompt, readSchema } from "./prompt.ts";
import { checkRecord, record } from "./record.ts";
import { UsageError } from "./usage-error.ts";
import { createWait, waitForEnd } from "./wait-for-end.ts";

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
}

export async function run(context: Context, args: readonly string[], options: RunOptions): Promise<number> {
  const prompt = await readPrompt(context, args[0] ?? "");
  const schema = options.schema === undefined ? undefined : readSchema(options.schema);
  if (options.record !== undefined && options.detach === true) {
    throw new UsageError("--record needs the task's end; leave --detach out", ["run"]);
  }
  if (options.record !== undefined) checkRecord(options.record);
  if (prompt.trim() === "/compact" && options.session === undefined) {
    throw new UsageError("/compact makes a conversation shorter; name it with --session", [
      "session",
      "compact",
    ]);
  }
  const paths = openHome(context, options);
  const wait = createWait(options);
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
          : await waitForEnd(context, link, accepted.task_id, wait, options, (task) =>
              keep(context, link, task, options),
            );
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
  const { agent, model } = options;
  const session = options.session === undefined ? undefined : await findSessionId(link.api, options.session);
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

async function keep(
  context: Context,
  link: Link,
  { id }: WireTask,
  { record: file }: RunOptions,
): Promise<void> {
  if (file !== undefined) await record(context, link, id, file);
}
