// Where the program begins: hands the process's streams, signals and environment to the command line, and ends the
// process with the exit code it returns. The only caller of process.exit.

import { isatty } from "node:tty";
import type { Context, Output, Signal } from "./cli/context.ts";
import { runProgram } from "./cli/program.ts";
import { forgetForeignVariables, processEnv } from "./config/env.ts";
import { codeOf, EXIT, exitCodeOf, GoclawError, messageOf } from "./domain/error.ts";
import type { LastWords } from "./last-words.ts";
import { isPackaged, startWriter, version } from "./native.ts";
import { systemClock, systemRandom } from "./system.ts";

// Whatever this process writes, the database and its log first of all, is its owner's alone.
process.umask(0o077);

const env = processEnv();
forgetForeignVariables();
let lastWords: LastWords | undefined;
const listeners = new Set<(signal: Signal) => void>();

function emit(signal: Signal): void {
  if (listeners.size === 0) process.exit(signal === "EPIPE" ? EXIT.ok : EXIT.failed);
  for (const listener of [...listeners]) listener(signal);
}

const CAUGHT = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const onSignal = (name: NodeJS.Signals): void => emit(name as Signal);

/** Signals keep their usual effect until somebody listens. */
function listen(listener: (signal: Signal) => void): () => void {
  if (listeners.size === 0) for (const name of CAUGHT) process.on(name, onSignal);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) for (const name of CAUGHT) process.off(name, onSignal);
  };
}

function outputOf(stream: NodeJS.WriteStream): Output {
  let open = true;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    open = false;
    // Whoever read this has gone (`goclaw task list | head -1`); other failures of a log stream must not stop a daemon.
    if (error.code === "EPIPE" && stream === process.stdout) emit("EPIPE");
  });
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    columns: isTerminal ? stream.columns : undefined,
    colors: isTerminal && !env.NO_COLOR && env.TERM !== "dumb",
    write: (text) => {
      if (open) stream.write(text);
    },
  };
}

async function readStdin(bytesMax: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > bytesMax) {
      throw new GoclawError("LIMIT_SIZE", `standard input is larger than ${bytesMax} bytes; say it in less`);
    }
  }
  return Buffer.concat(parts);
}

async function readLine(signal: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import("node:readline");
  if (signal.aborted) return undefined;
  const lines = createInterface({ input: process.stdin });
  try {
    return await new Promise<string | undefined>((resolve) => {
      lines.once("line", resolve).once("close", () => resolve(undefined));
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
  } finally {
    lines.close();
    process.stdin.pause();
  }
}

const context: Context = {
  env,
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  readStdin,
  readLine: isatty(0) ? readLine : undefined,
  onSignal: listen,
  clock: systemClock,
  random: systemRandom,
  version,
  program: isPackaged() ? [process.execPath] : [process.execPath, ...process.execArgv, process.argv[1] ?? ""],
  startDaemon: async (options) => {
    // The writer thread takes as long to start as the daemon's code takes to load: both at once.
    const writer = startWriter();
    const { startDaemon } = await import("./daemon.ts");
    const { createLastWords } = await import("./last-words.ts");
    lastWords = createLastWords(options.isService, systemClock.nowMs);
    try {
      return await startDaemon(options, writer, lastWords);
    } catch (error) {
      lastWords.say(error);
      throw error;
    }
  },
  checkDatabase: async (file, options) => (await import("./store/check.ts")).checkDatabase(file, options),
  control: () => import("./control.ts"),
  readAudit: async (file, taskId) => (await import("./store/check.ts")).readAudit(file, taskId),
  schemaFault: async (schema) => (await import("./brain/structured.ts")).schemaFault(schema),
  testModel: async (asked) => (await import("./model-test.ts")).testModel(asked),
  drillModels: async () => (await import("./drill.ts")).drillModels(),
  toolNames: async () => (await import("./tools/index.ts")).TOOLS.map((tool) => tool.name),
};

/** An error that no code caught: said once, plainly, and the process ends; the queue takes care of its tasks. */
function crash(error: unknown): void {
  const code = codeOf(error);
  const stack = error instanceof Error ? error.stack : messageOf(error);
  const details = lastWords?.say(error)
    ? "; the record before, in logs/system.jsonl, says more"
    : `\n${stack}`;
  context.stderr.write(`goclaw: a defect in goclaw ended the process (${code})${details}\n`);
  process.exit(exitCodeOf(code));
}

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);
void runProgram(process.argv.slice(2), context).then((code) => process.exit(code));
