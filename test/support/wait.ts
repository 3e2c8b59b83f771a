// Waiting for signals. Nothing in the rigs sleeps for a guessed time: a test says what it waits for, and a wait that
// is never answered fails with that sentence instead of hanging.

import { setTimeout as pause } from "node:timers/promises";

const PROBE_EVERY_MS = 5;

/** Calls `probe` until it returns something other than undefined, null or false; throws past the deadline. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  deadlineMs = 10_000,
): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() - startedAt > deadlineMs)
      throw new Error(`${deadlineMs} ms passed without: ${what}`);
    await pause(PROBE_EVERY_MS);
  }
}

/** Settles with `promise`, or fails once the deadline is over; the message says what was awaited. */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${deadlineMs} ms passed without: ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A promise with its settling functions, for signals that one part of a rig gives and another awaits. */
export interface Signal<T = void> {
  readonly promise: Promise<T>;
  readonly give: (value: T) => void;
}

export function createSignal<T = void>(): Signal<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, give: resolve };
}

/** Seeded uniform numbers in [0, 1) (mulberry32), so that a failing run can be repeated from its seed. */
export function createSeeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
