// Time and randomness that a test owns. Nothing passes unless the test says so, and the wall clock can jump without
// any time passing, as it does when somebody sets it.

import type { Clock, Random } from "../../src/domain/time.ts";
import { createSeeded } from "./wait.ts";

export interface ManualClock extends Clock {
  /** Both clocks go on by `ms`. */
  pass(ms: number): void;
  /** Only the wall clock changes; `ms` may be negative. */
  jump(ms: number): void;
}

export const EPOCH_MS = 1_700_000_000_000;

export function createManualClock(): ManualClock {
  let wallMs = EPOCH_MS;
  let monoMs = 1_000;
  return {
    nowMs: () => wallMs,
    monoMs: () => monoMs,
    pass: (ms) => {
      wallMs += ms;
      monoMs += ms;
    },
    jump: (ms) => {
      wallMs += ms;
    },
  };
}

export function createSeededRandom(seed: number): Random {
  const next = createSeeded(seed);
  return {
    next,
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
  };
}
