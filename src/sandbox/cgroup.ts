// A control group for one command: memory and number of processes for all it starts together. Where this process may
// not make one (no cgroup file system, no right to it) there is none, and the caller says so.

import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readStat } from "./proc.ts";

/** Whether the kernel ended one of its processes for want of memory, or refused a new one. */
export interface Hits {
  readonly memory: boolean;
  readonly processes: boolean;
}

export interface Pen {
  /** A process enters by writing 0 into each. */
  readonly doors: readonly string[];
  hits(): Hits;
  /** Once its processes are gone. */
  remove(): Promise<void>;
}

export interface PenLimits {
  readonly memoryBytes: number;
  readonly processes: number;
}

const ROOT = "/sys/fs/cgroup";
const NAME = /^goclaw-(\d+)-\d+$/;
const REMOVE_TRIES = 20;
const REMOVE_EVERY_MS = 10;

let serial = 0;

/** Returns a maker of pens, or undefined when this machine lets us make none. */
export function findPens(): ((limits: PenLimits) => Pen | undefined) | undefined {
  const parents = findParents();
  if (parents === undefined) return undefined;
  for (const parent of new Set(Object.values(parents))) removeLeftovers(parent);
  const make = (limits: PenLimits): Pen | undefined => makePen(parents, limits);
  // Whether it works shows in the making.
  const trial = make({ memoryBytes: 1_048_576, processes: 1 });
  void trial?.remove();
  return trial === undefined ? undefined : make;
}

interface Parents {
  readonly memory: string;
  readonly pids: string;
  /** The group this process is in. */
  readonly own: string;
}

/** The directories in which groups for memory and for processes are made; one and the same in cgroup v2. */
function findParents(): Parents | undefined {
  const own = new Map<string, string>();
  for (const line of read("/proc/self/cgroup").split("\n")) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers.split(",")) own.set(controller, path);
  }
  const unified = own.get("");
  if (unified !== undefined && read(join(ROOT, "cgroup.controllers")) !== "") {
    // A group with processes of its own has no groups below it: ours are beside the one we are in.
    const parent = join(ROOT, dirname(unified));
    const enabled = read(join(parent, "cgroup.subtree_control")).split(/\s+/);
    return enabled.includes("memory") && enabled.includes("pids")
      ? { memory: parent, pids: parent, own: join(ROOT, unified) }
      : undefined;
  }
  const [memory, pids] = [own.get("memory"), own.get("pids")];
  if (memory === undefined || pids === undefined) return undefined;
  const group = join(ROOT, "pids", pids);
  return { memory: join(ROOT, "memory", memory), pids: group, own: group };
}

/**
 * The first move into any group waits some 8 ms for every processor, and those right after it do not. This process is moved
 * to where it is, on a thread, while the command is made ready.
 */
function openTheWay({ own }: Parents): void {
  writeFile(join(own, "cgroup.procs"), String(process.pid)).catch(() => {});
}

function makePen(parents: Parents, { memoryBytes, processes }: PenLimits): Pen | undefined {
  openTheWay(parents);
  const name = `goclaw-${process.pid}-${++serial}`;
  const memory = join(parents.memory, name);
  const pids = join(parents.pids, name);
  const places = [...new Set([memory, pids])];
  const remove = async (): Promise<void> => {
    for (let tries = 0; tries < REMOVE_TRIES; tries++) {
      if (places.filter((place) => !removed(place)).length === 0) return;
      await pause(REMOVE_EVERY_MS);
    }
  };
  const isUnified = memory === pids;
  try {
    for (const place of places) mkdirSync(place);
    writeFileSync(join(pids, "pids.max"), String(processes));
    writeFileSync(join(memory, isUnified ? "memory.max" : "memory.limit_in_bytes"), String(memoryBytes));
  } catch {
    void remove();
    return undefined;
  }
  if (isUnified) tryWrite(join(memory, "memory.swap.max"), "0");
  const memoryEvents = join(memory, isUnified ? "memory.events" : "memory.oom_control");
  return {
    doors: places.map((place) => join(place, "cgroup.procs")),
    hits: () => ({
      memory: countOf(memoryEvents, "oom_kill") > 0,
      processes: countOf(join(pids, "pids.events"), "max") > 0,
    }),
    remove,
  };
}

function removeLeftovers(parent: string): void {
  try {
    for (const name of readdirSync(parent)) {
      const pid = NAME.exec(name)?.[1];
      if (pid !== undefined && readStat(Number(pid)) === undefined) removed(join(parent, name));
    }
  } catch {
    // not ours to list
  }
}

/** The number behind `key` in a file of `key number` lines. */
function countOf(file: string, key: string): number {
  const line = read(file)
    .split("\n")
    .find((each) => each.startsWith(`${key} `));
  return Number(line?.slice(key.length + 1) ?? 0);
}

function removed(place: string): boolean {
  try {
    rmdirSync(place);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function tryWrite(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch {
    // an older kernel, or one without swap accounting
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
