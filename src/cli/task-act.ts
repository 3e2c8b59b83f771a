// `goclaw task cancel|retry|resolve`: an operator's hand on one task.

import { EXIT } from "../domain/error.ts";
import type { WireTask } from "../rpc/wire.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { findTask } from "./find-by-id.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { safeLine } from "./safe-text.ts";
import { UsageError } from "./usage-error.ts";

interface ActOptions extends GlobalOptions {
  readonly json?: boolean;
}

interface ResolveOptions extends ActOptions {
  readonly happened?: boolean;
  readonly didNot?: boolean;
}

export function taskCancel(context: Context, args: readonly string[], options: ActOptions): Promise<number> {
  return act(context, args, options, "cancel", undefined, "is canceled");
}

export function taskRetry(context: Context, args: readonly string[], options: ActOptions): Promise<number> {
  return act(context, args, options, "retry", undefined, "is back in the queue");
}

export async function taskResolve(
  context: Context,
  args: readonly string[],
  options: ResolveOptions,
): Promise<number> {
  if ((options.happened === true) === (options.didNot === true)) {
    throw new UsageError("say either --happened or --did-not", ["task", "resolve"]);
  }
  const outcome = options.happened === true ? "happened" : "did_not";
  const goesOn = outcome === "happened" ? "goes on without doing it again" : "goes on and does it";
  return await act(context, args, options, "resolve", { outcome }, goesOn);
}

async function act(
  context: Context,
  [id = ""]: readonly string[],
  options: ActOptions,
  verb: "cancel" | "retry" | "resolve",
  body: unknown,
  done: string,
): Promise<number> {
  const { stdout, stderr } = context;
  const paths = openHome(context, options);
  await withLink(context, paths, options, {}, async ({ api, own }) => {
    const found = await findTask(api, id);
    const path = `/api/v1/tasks/${encodeURIComponent(found.id)}/${verb}`;
    const { task } = await api.post<{ task: WireTask }>(path, body);
    if (options.json === true) writeJson(stdout, { task });
    else stdout.write(`task ${safeLine(task.id)} ${done}\n`);
    if (own && verb !== "cancel") {
      stderr.write("goclaw: no daemon runs; `goclaw daemon start` starts one that does the task\n");
    }
  });
  return EXIT.ok;
}
