// Bare `goclaw` on a terminal: how things stand and what to type next.

import { EXIT } from "../domain/error.ts";
import { probe } from "./api.ts";
import type { Context, GlobalOptions } from "./context.ts";
import { homePaths } from "./home.ts";
import { paintFor } from "./paint.ts";
import { findDaemon } from "./running.ts";
import { safeLine } from "./safe-text.ts";
import { type Health, writeHealth } from "./status.ts";
import { writePairs } from "./table.ts";

const NEXT: readonly (readonly [string, string])[] = [
  ["goclaw demo", "see a task run, without a key"],
  ['goclaw run "…"', "give an agent something to do"],
  ["goclaw daemon start", "keep it running in the background"],
  ["goclaw task list", "what it has done"],
  ["goclaw status", "how it is"],
  ["goclaw help", "everything else"],
];

const HEALTH_TIMEOUT_MS = 2_000;

export async function overview(
  context: Context,
  _args: readonly string[],
  options: GlobalOptions,
): Promise<number> {
  const { stdout } = context;
  const paint = paintFor(stdout);
  const paths = homePaths(context, options);
  stdout.write(`${paint.bold(`goclaw ${context.version()}`)}\n\n`);
  const run = await findDaemon(paths);
  const health = run && (await probe(run.address, "/healthz", HEALTH_TIMEOUT_MS));
  if (run !== undefined && health !== undefined) {
    writeHealth(stdout, run, health.body as Health, paths.home);
  } else {
    writePairs(stdout, [
      ["daemon", "not running"],
      ["home", safeLine(paths.home)],
    ]);
  }
  stdout.write("\n");
  writePairs(stdout, NEXT);
  return EXIT.ok;
}
