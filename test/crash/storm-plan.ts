// What a kill storm submits and when it kills, drawn from the seed alone, so that a failing storm can be repeated.

import { createSeeded } from "../support/wait.ts";

export interface StormOptions {
  readonly tasks: number;
  readonly kills: number;
  readonly seed: number;
  readonly lanes: number;
  /** Told about every life of the daemon. */
  readonly log?: (line: string) => void;
}

/** One task of the storm: `key` is its Idempotency-Key, its key at the stub and at the sink. */
export interface Item {
  readonly key: string;
  readonly prompt: string;
  readonly answer: string;
  readonly note: boolean;
}

/** One life of the daemon: killed `afterMs` after it is ready, or that long after its spawn. */
export interface Life {
  readonly afterMs: number;
  readonly duringStart: boolean;
}

const SHAPES = [
  { weight: 35, tools: "" },
  { weight: 15, tools: "now" },
  { weight: 15, tools: "write_note" },
  { weight: 25, tools: "send_alert" },
  { weight: 10, tools: "now,send_alert;write_note" },
] as const;

export function planItems(options: StormOptions): Item[] {
  const random = createSeeded(options.seed);
  return Array.from({ length: options.tasks }, (_, index) => {
    const tools = pick(random() * 100);
    const delay = Math.floor(random() * 15);
    return {
      key: `task-${index}`,
      prompt: `task ${index}${tools ? ` tools=${tools}` : ""} delay=${delay}`,
      answer: `done ${index}`,
      note: tools.includes("write_note"),
    };
  });
}

export function planLives(options: StormOptions): Life[] {
  const random = createSeeded(options.seed ^ 0x5bd1e995);
  return Array.from({ length: options.kills }, () => {
    const duringStart = random() < 0.1;
    return { duringStart, afterMs: duringStart ? random() * 400 : 20 + random() * 150 };
  });
}

function pick(at: number): string {
  let below = 0;
  for (const shape of SHAPES) {
    below += shape.weight;
    if (at < below) return shape.tools;
  }
  return "";
}

/** The value below which `share` of the numbers lie. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
