// Everything outside the program under test: what was asked of it, what it did to the world, and what an onlooker with
// a read-only connection of his own can see. The world survives every crash.

import { createHash } from "node:crypto";
import type { Reader } from "../../src/store/reader.ts";
import type { Disk } from "./disk.ts";
import type { VirtualTime } from "./time.ts";

/** One prompt, and how the scripted model will answer it. */
export interface Job {
  readonly key: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly priority: number;
  readonly maxAttempts: number;
  /** Tools the model calls in each turn before its last. */
  readonly turns: readonly (readonly string[])[];
  readonly mood: "good" | "garbled" | "bad_key" | "silent";
}

export interface World {
  readonly seed: number;
  readonly time: VirtualTime;
  readonly disk: Disk;
  readonly file: string;
  readonly reader: Reader;
  readonly jobs: ReadonlyMap<string, Job>;
  /** Ids of tasks that somebody was told about, by job. */
  readonly acknowledged: Map<string, string>;
  /** How often each act of class `once` was made, by its key. */
  readonly performed: Map<string, number>;
  /** What each key of a `keyed` act was used for. */
  readonly noted: Map<string, string>;
  /** Tasks whose cancellation the running process has published. */
  readonly canceled: Set<string>;
  readonly violations: string[];
  readonly counts: Map<string, number>;
  random(): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  trace(line: string): void;
  traceHash(): string;
  /** The last lines of the trace. */
  readonly tail: readonly string[];
}

export type WorldParts = Omit<
  World,
  | "random"
  | "between"
  | "chance"
  | "trace"
  | "traceHash"
  | "tail"
  | "acknowledged"
  | "performed"
  | "noted"
  | "canceled"
  | "violations"
  | "counts"
>;

const TAIL_LINES = 60;

export function createWorld(parts: WorldParts, random: () => number): World {
  const hash = createHash("sha256");
  const tail: string[] = [];
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  return {
    ...parts,
    ...{ random, between, tail },
    acknowledged: new Map(),
    performed: new Map(),
    noted: new Map(),
    canceled: new Set(),
    violations: [],
    counts: new Map(),
    chance: (probability) => random() < probability,
    trace: (line) => {
      const text = `${parts.time.clock.monoMs().toFixed(3)} ${line}`;
      hash.update(`${text}\n`);
      tail.push(text);
      if (tail.length > TAIL_LINES) tail.shift();
    },
    traceHash: () => hash.copy().digest("hex").slice(0, 16),
  };
}

export function countUp(counts: Map<string, number>, name: string): number {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count;
}

/** Waits on the virtual clock; ends early, with false, when the signal aborts. */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}
