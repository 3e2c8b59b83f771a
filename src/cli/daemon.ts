// `goclaw daemon start`: a daemon in a process group of its own, without a terminal. It is started when it answers
// /readyz; when it ends before that, this command ends with its words and its exit code.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Paths } from "../config/paths.ts";
import { EXIT } from "../domain/error.ts";
import { probe } from "./api.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { findDaemon, type RunFile, readRunFile } from "./running.ts";
import { safeText } from "./safe-text.ts";
import { durationText } from "./time-text.ts";

interface StartOptions extends GlobalOptions {
  readonly json?: boolean;
}

const LOOK_EVERY_MS = 20;
const READY_TIMEOUT_MS = 60_000;
const PROGRESS_EVERY_MS = 5_000;
/** What a daemon says on standard error is its last words; they need no history. */
const STDERR_BYTES_MAX = 1_048_576;

export async function daemonStart(
  context: Context,
  _args: readonly string[],
  options: StartOptions,
): Promise<number> {
  const paths = openHome(context, options);
  const running = await findDaemon(paths);
  if (running !== undefined) return started(context, running, options, "runs already");
  const errors = openErrors(paths);
  const child = spawnDaemon(context, paths, options, errors.handle);
  try {
    const outcome = await becomeReady(context, paths, child);
    if (typeof outcome === "object") return started(context, outcome, options, "is ready");
    context.stderr.write(safeText(sentencesOf(errors.read())));
    if (outcome === "late") {
      const text = `the daemon (pid ${child.pid}) is not ready after ${durationText(READY_TIMEOUT_MS)}; it goes on starting`;
      context.stderr.write(`goclaw: ${text}; see \`goclaw status\` and ${paths.systemLog}\n`);
      return EXIT.failed;
    }
    // A full disk takes no last words; the exit code still says it.
    const why = outcome === EXIT.diskFull ? "the disk is full; free some space" : `see ${paths.systemLog}`;
    if (errors.read() === "") context.stderr.write(`goclaw: the daemon ended at once; ${why}\n`);
    return outcome;
  } finally {
    closeSync(errors.handle);
    child.unref();
  }
}

function started({ stdout }: Context, run: RunFile, options: StartOptions, words: string): number {
  if (options.json === true) writeJson(stdout, run);
  else stdout.write(`the daemon ${words} at http://${run.address} (pid ${run.pid})\n`);
  return EXIT.ok;
}

/** The file that takes the child's standard error, and what was written to it since. */
function openErrors(paths: Paths): { readonly handle: number; read(): string } {
  const file = join(paths.logsDir, "daemon.stderr");
  let handle = openSync(file, "a", 0o600);
  let start = fstatSync(handle).size;
  if (start > STDERR_BYTES_MAX) {
    closeSync(handle);
    handle = openSync(file, "w", 0o600);
    start = 0;
  }
  return { handle, read: () => readFileSync(file).subarray(start).toString("utf8") };
}

/** What is for people: the record of why a daemon did not start says the same for programs. */
function sentencesOf(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("{"))
    .join("\n");
}

function spawnDaemon(
  { program, env }: Context,
  paths: Paths,
  { bind }: StartOptions,
  errorsHandle: number,
): ChildProcess {
  const [command = "", ...leading] = program;
  const args = [
    "daemon",
    "run",
    "--quiet",
    "--home",
    paths.home,
    ...(bind === undefined ? [] : ["--bind", bind]),
  ];
  return spawn(command, [...leading, ...args], {
    detached: true,
    cwd: paths.home,
    env,
    stdio: ["ignore", "ignore", errorsHandle],
  });
}

/** The run file of the child when it is ready, its exit code when it ended, or `late`. */
async function becomeReady(
  { clock, stderr }: Context,
  paths: Paths,
  child: ChildProcess,
): Promise<RunFile | number | "late"> {
  let ended: number | undefined;
  child.once("error", () => {
    ended = EXIT.failed;
  });
  child.once("exit", (code) => {
    ended = code ?? EXIT.failed;
  });
  const startedMs = clock.monoMs();
  let saidMs = startedMs;
  while (ended === undefined) {
    const run = readRunFile(paths);
    if (run !== undefined && run.pid === child.pid && (await isReady(run))) return run;
    const nowMs = clock.monoMs();
    if (nowMs - startedMs > READY_TIMEOUT_MS) return "late";
    if (nowMs - saidMs > PROGRESS_EVERY_MS) {
      saidMs = nowMs;
      stderr.write(`the daemon is starting (pid ${child.pid}, ${durationText(nowMs - startedMs)})\n`);
    }
    await pause(LOOK_EVERY_MS);
  }
  return ended;
}

async function isReady(run: RunFile): Promise<boolean> {
  return (await probe(run.address, "/healthz", READY_TIMEOUT_MS))?.status === 200;
}
