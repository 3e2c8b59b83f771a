// What the kernel says about a process: CPU time to the nanosecond, memory, context switches; all threads counted.

import { readdirSync, readFileSync } from "node:fs";

/** CPU time that all threads of a process have used, in ms. */
export function cpuMs(pid: number): number {
  const perThread = threads(pid).map((id) => Number(read(`/proc/${pid}/task/${id}/schedstat`).split(" ")[0]));
  return sum(perThread) / 1e6;
}

/** Times that a thread of the process was put on or taken off a core. */
export function contextSwitches(pid: number): number {
  const perThread = threads(pid).map((id) => {
    const status = read(`/proc/${pid}/task/${id}/status`);
    return field(status, "voluntary_ctxt_switches") + field(status, "nonvoluntary_ctxt_switches");
  });
  return sum(perThread);
}

export interface Memory {
  /** Resident set, in MB of 1,000,000 bytes. */
  readonly rssMb: number;
  /** The same with every shared page divided among those who share it. */
  readonly pssMb: number;
}

export function memory(pid: number): Memory {
  const kibToMb = (kib: number): number => (kib * 1024) / 1e6;
  return {
    rssMb: kibToMb(field(read(`/proc/${pid}/status`), "VmRSS")),
    pssMb: kibToMb(field(read(`/proc/${pid}/smaps_rollup`), "Pss")),
  };
}

function threads(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}

/** A thread may end between listing and reading. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "0";
  }
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
