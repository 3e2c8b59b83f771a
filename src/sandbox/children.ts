// The programs that a daemon started: killed with everything they started, at the latest by the next daemon of the
// same home. Each carries a mark in its environment from its first instant, so there is no moment between its start and
// its record in which a crash could lose it; the record finds those that dropped their environment.

import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { listPids, readStat, readVariableOf } from "./proc.ts";
import type { Launch, Process } from "./spawn.ts";

/** A child that was handed its whole standard input at its start. */
export interface FedChild extends Omit<Process, "stdin"> {
  /** Ends the process group: SIGTERM, after `graceMs` SIGKILL. Resolves when nothing that bears its mark runs. */
  stop(graceMs: number): Promise<void>;
}

export interface Child extends FedChild {
  readonly stdin: Writable;
}

export interface Children {
  /** Starts a program that `close` or the next daemon ends. Throws EXEC_FAILED. */
  start(launch: Launch): Promise<Child>;
  /**
   * The same, with a file of `input` as its standard input. Not a pipe: Node makes those from sockets, and bash takes a
   * socket for a remote login and runs `.bashrc`.
   */
  startFed(launch: Launch, input: string): Promise<FedChild>;
  /** Kills what runs and forgets the records. */
  close(): Promise<void>;
}

/** `HOME/SERIAL`: HOME is the same for every daemon of a home. */
const MARK = "GOCLAW_CHILD";
const LOOK_EVERY_MS = 10;
/** A process that SIGKILL does not end within this hangs in the kernel; nobody can do more. */
const KILL_LOOKS_MAX = 200;

/** `directory` holds the records; it exists from the first start to a clean close. */
export function openChildren(directory: string): Children {
  const running = new Set<FedChild>();
  let home: string | undefined;
  let serial = 0;
  const prepare = (): string => {
    if (home === undefined) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      home = homeOf(directory);
    }
    return home;
  };
  const start = async (asked: Launch, stdinFd?: number): Promise<FedChild & Pick<Process, "stdin">> => {
    // At the first use: a daemon that starts no programs does not pay for being able to.
    const { launch } = await import("./spawn.ts");
    const mark = `${prepare()}/${process.pid}.${++serial}`;
    const env = { ...asked.env, [MARK]: mark };
    const started = await launch({ ...asked, env }, stdinFd);
    const record = join(directory, String(started.pid));
    writeFileSync(record, String(readStat(started.pid)?.startTicks ?? ""), { mode: 0o600 });
    const child = { ...started, stop: (graceMs: number) => stopChild(started, mark, graceMs) };
    running.add(child);
    void started.exited.then(() => {
      running.delete(child);
      rmSync(record, { force: true });
    });
    return child;
  };
  return {
    start: async (asked) => {
      const { stdin, ...child } = await start(asked);
      if (stdin === null) throw new Error(`${asked.name} was started without a pipe to write to`);
      return { ...child, stdin };
    },
    startFed: async (asked, input) => {
      prepare();
      const descriptor = openInput(join(directory, `input.${++serial}`), input);
      try {
        return await start(asked, descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
    close: async () => {
      await Promise.all([...running].map((child) => child.stop(0)));
      if (home === undefined) return;
      await killAll(() => marked(home ?? ""));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A descriptor that reads `text`, from a file that has no name any more. */
function openInput(file: string, text: string): number {
  writeFileSync(file, text, { mode: 0o600 });
  const descriptor = openSync(file, "r");
  rmSync(file);
  return descriptor;
}

/** Kills what an earlier daemon of this home left behind; returns how many processes. Costs nothing after a clean end. */
export async function reapChildren(directory: string): Promise<number> {
  const records = readRecords(directory);
  if (records === undefined) return 0;
  const home = homeOf(directory);
  const killed = await killAll(() => [...new Set([...marked(home), ...records.flatMap(groupOf)])]);
  rmSync(directory, { recursive: true, force: true });
  return killed;
}

async function stopChild(
  { pid, exited }: Pick<Process, "pid" | "exited">,
  mark: string,
  graceMs: number,
): Promise<void> {
  if (graceMs > 0 && signalGroup(pid, "SIGTERM")) {
    const late = new AbortController();
    await Promise.race([exited, pause(graceMs, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
  }
  signalGroup(pid, "SIGKILL");
  await exited;
  await killAll(() => marked(mark));
}

/** Sends SIGKILL until `find` finds nobody, for what is being killed may still start others. */
async function killAll(find: () => readonly number[]): Promise<number> {
  const killed = new Set<number>();
  for (let look = 0; look < KILL_LOOKS_MAX; look++) {
    const found = find();
    if (found.length === 0) break;
    for (const pid of found) {
      killed.add(pid);
      signal(pid, "SIGKILL");
    }
    await pause(LOOK_EVERY_MS);
  }
  return killed.size;
}

/** Processes whose mark is `prefix` or begins with it; never this one. */
function marked(prefix: string): number[] {
  return listPids().filter((pid) => {
    const mark = pid === process.pid ? undefined : readVariableOf(pid, MARK);
    return mark === prefix || mark?.startsWith(`${prefix}/`);
  });
}

interface Recorded {
  readonly pid: number;
  readonly startTicks: number;
}

function readRecords(directory: string): Recorded[] | undefined {
  try {
    return readdirSync(directory)
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({
        pid: Number(name),
        startTicks: Number(readFileSync(join(directory, name), "utf8") || Number.NaN),
      }));
  } catch {
    return undefined;
  }
}

/** The recorded process and its session. A pid that went to another process since is left alone, with all of its. */
function groupOf({ pid, startTicks }: Recorded): number[] {
  const leader = readStat(pid);
  if (leader !== undefined && leader.startTicks !== startTicks) return [];
  return listPids().filter((each) => {
    const stat = each === process.pid ? undefined : readStat(each);
    return stat?.session === pid && !stat.isZombie && stat.startTicks >= startTicks;
  });
}

function signalGroup(pid: number, name: NodeJS.Signals): boolean {
  return signal(-pid, name);
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // gone
  }
}

/** One home's name in marks: a copy of a home is another. */
function homeOf(directory: string): string {
  const { dev, ino } = statSync(join(directory, ".."), { bigint: true });
  return createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 24);
}
