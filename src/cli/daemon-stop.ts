// `goclaw daemon stop`: asks the daemon to drain and waits until its process is gone. A pid from a file that was left
// over is never signalled: only a daemon that answers is.

import { setTimeout as pause } from "node:timers/promises";
import { EXIT } from "../domain/error.ts";
import { probe } from "./api.ts";
import type { Context, GlobalOptions } from "./context.ts";
import { homePaths } from "./home.ts";
import { findDaemon, isAlive, type RunFile, readRunFile } from "./running.ts";
import type { Health } from "./status.ts";
import { durationText } from "./time-text.ts";

interface StopOptions extends GlobalOptions {
  readonly now?: boolean;
  readonly timeout?: number;
}

const LOOK_EVERY_MS = 20;
const PROGRESS_EVERY_MS = 2_000;
const HEALTH_TIMEOUT_MS = 1_000;

export async function daemonStop(
  context: Context,
  _args: readonly string[],
  options: StopOptions,
): Promise<number> {
  const { stdout, stderr, clock } = context;
  const paths = homePaths(context, options);
  const run = await findDaemon(paths);
  if (run === undefined) {
    const left = readRunFile(paths);
    const stale = left !== undefined && isAlive(left.pid);
    const hint = stale
      ? `; run/daemon.json names pid ${left.pid}, which does not answer at ${left.address}`
      : "";
    stderr.write(`goclaw: no daemon is running for ${paths.home}${hint}\n`);
    return EXIT.failed;
  }
  process.kill(run.pid, "SIGTERM");
  // Another signal than the first: two of the same kind may arrive as one.
  if (options.now === true) process.kill(run.pid, "SIGINT");
  const startedMs = clock.monoMs();
  const limitMs = (options.timeout ?? Number.POSITIVE_INFINITY) * 1_000;
  for (let saidMs = startedMs; isAlive(run.pid); await pause(LOOK_EVERY_MS)) {
    const nowMs = clock.monoMs();
    if (nowMs - startedMs > limitMs) {
      stderr.write(
        `goclaw: the daemon (pid ${run.pid}) still drains; --now puts running tasks back at once\n`,
      );
      return EXIT.failed;
    }
    if (nowMs - saidMs < PROGRESS_EVERY_MS) continue;
    saidMs = nowMs;
    stderr.write(`draining for ${durationText(nowMs - startedMs)}${await busyText(run)}\n`);
  }
  stdout.write(`the daemon (pid ${run.pid}) has stopped\n`);
  return EXIT.ok;
}

async function busyText({ address }: RunFile): Promise<string> {
  const answer = await probe(address, "/healthz", HEALTH_TIMEOUT_MS);
  const busy = (answer?.body as Health | undefined)?.lanes?.busy;
  return busy === undefined ? "" : `; ${busy} ${busy === 1 ? "task runs" : "tasks run"}`;
}
