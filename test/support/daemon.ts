// Starts the real daemon in a home and knows when it is ready, gone or broken. Readiness is what a client would go by:
// a fresh run/daemon.json and a 200 from /readyz.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "./http.ts";
import { cleanEnvironment, programUnderTest } from "./program.ts";
import { until, within } from "./wait.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunFile {
  readonly pid: number;
  readonly address: string;
  readonly version: string;
  readonly boot_id: string;
  readonly started_at: string;
}

export interface Daemon {
  readonly home: string;
  readonly run: RunFile;
  readonly client: Client;
  /** Milliseconds from spawn to the first 200 of /readyz. */
  readonly readyMs: number;
  readonly exited: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGKILL and waits until the process is gone. */
  kill(): Promise<Exit>;
  /** Sends SIGTERM and waits for the clean stop. */
  stop(deadlineMs?: number): Promise<Exit>;
}

export interface DaemonOptions {
  readonly home: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the program, such as strace and its options. */
  readonly under?: readonly string[];
  readonly deadlineMs?: number;
}

/** The daemon ended before it was ready. */
export class StartFailure extends Error {
  readonly exit: Exit;
  readonly stderr: string;

  constructor(exit: Exit, stderr: string) {
    super(`the daemon ended before it was ready (code ${exit.code}, signal ${exit.signal}):\n${stderr}`);
    this.exit = exit;
    this.stderr = stderr;
  }
}

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** Spawns the daemon without waiting for it. */
export function spawnDaemon(options: DaemonOptions) {
  const [command, ...words] = [...(options.under ?? []), ...programUnderTest()];
  const args = [...words, "--daemon", ...(options.args ?? [])];
  const env = cleanEnvironment(options.home, options.env);
  const child = spawn(command!, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  living.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      living.delete(child);
      resolve({ code, signal });
    });
  });
  return { child, exited, stdout: () => stdout, stderr: () => stderr };
}

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const startedAt = performance.now();
  const before = readRunFile(options.home)?.boot_id;
  const { child, exited, stdout, stderr } = spawnDaemon(options);
  let exit: Exit | undefined;
  void exited.then((value) => {
    exit = value;
  });
  const alive = (): void => {
    if (exit) throw new StartFailure(exit, stderr());
  };
  // A traced daemon is the tracer's child; any other must name itself, or the run file is of a rival.
  const isOurs = ({ pid, boot_id }: RunFile): boolean =>
    boot_id !== before && (options.under?.length ? true : pid === child.pid);
  const { run, client } = await becomeReady(options, isOurs, alive).catch((error: Error) => {
    child.kill("SIGKILL");
    throw exit ? error : new Error(`${error.message}\n${stderr()}`, { cause: error });
  });
  void exited.then(() => client.close());
  // Under strace the child is the tracer; signals are for the daemon itself.
  const signal = (name: NodeJS.Signals): void => {
    if (!exit) signalIfAlive(run.pid, name);
  };
  const leave = async (name: NodeJS.Signals, graceMs: number): Promise<Exit> => {
    signal(name);
    return await within(`the end of the daemon after ${name}`, exited, graceMs).catch((error: Error) => {
      signal("SIGKILL");
      throw new Error(`${error.message}\n${stderr()}`, { cause: error });
    });
  };
  return {
    home: options.home,
    run,
    client,
    readyMs: performance.now() - startedAt,
    exited,
    stdout,
    stderr,
    signal,
    kill: () => leave("SIGKILL", 10_000),
    stop: (graceMs = 10_000) => leave("SIGTERM", graceMs),
  };
}

/** A process may be gone before its parent was told. */
function signalIfAlive(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}

/** Waits for this boot's run file and then for /readyz; `alive` throws as soon as waiting is in vain. */
async function becomeReady(options: DaemonOptions, isOurs: (run: RunFile) => boolean, alive: () => void) {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const fresh = (): RunFile | undefined => {
    alive();
    const found = readRunFile(options.home);
    return found && isOurs(found) ? found : undefined;
  };
  const run = await until(`a fresh run/daemon.json in ${options.home}`, fresh, deadlineMs);
  const client = createClient(`http://${run.address}`, readToken(options.home));
  try {
    await until("a 200 from /readyz", () => isReady(client, alive), deadlineMs);
    return { run, client };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Runs a daemon that is expected to refuse to start, and returns how it ended. */
export async function runDaemonToExit(options: DaemonOptions) {
  const startedAt = performance.now();
  const { child, exited, stderr } = spawnDaemon(options);
  try {
    const exit = await within("the daemon refusing to start", exited, options.deadlineMs);
    return { ...exit, stderr: stderr(), tookMs: performance.now() - startedAt };
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`${(error as Error).message}\n${stderr()}`, { cause: error });
  }
}

export function readRunFile(home: string): RunFile | undefined {
  try {
    return JSON.parse(readFileSync(join(home, "run/daemon.json"), "utf8")) as RunFile;
  } catch {
    return undefined;
  }
}

export function readToken(home: string): string {
  return readFileSync(join(home, "auth.token"), "utf8").trim();
}

async function isReady(client: Client, alive: () => void): Promise<boolean> {
  alive();
  try {
    return (await client.get("/readyz")).status === 200;
  } catch {
    return false;
  }
}
