// What /proc says about the processes of this machine. A process that ends while it is looked at is simply not there;
// where there is no /proc, there are none.

import { readdirSync, readFileSync } from "node:fs";

export interface ProcessStat {
  readonly pid: number;
  readonly isZombie: boolean;
  readonly session: number;
  /** Clock ticks between the machine's start and the process's: with the pid it names one process. */
  readonly startTicks: number;
}

export function listPids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

export function readStat(pid: number): ProcessStat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name, in parentheses, may hold anything: what is counted stands behind its last parenthesis.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    isZombie: fields[0] === "Z" || fields[0] === "X",
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
  };
}

/** The value of a variable in the environment that the process was started with. */
export function readVariableOf(pid: number, name: string): string | undefined {
  const entries = read(`/proc/${pid}/environ`)?.split("\0");
  return entries?.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}
