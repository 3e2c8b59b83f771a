// The real clock and the real randomness: the only place that reads them, handed down as ports by the two roots.

import type { Clock, Random } from "./domain/time.ts";

/** Monotonic time is the kernel's, so that both threads read the same clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monoMs: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
};

const POOL_BYTES = 8_192;
let pool: Uint8Array = new Uint8Array(0);
let used = 0;

/** Bytes come from a pool: one call into the kernel serves many ids. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => {
    if (used + count > pool.length) {
      // Not imported: a command that asks a daemon needs no ids, and the module costs it 3 ms.
      pool = process.getBuiltinModule("node:crypto").randomBytes(POOL_BYTES);
      used = 0;
    }
    used += count;
    return pool.subarray(used - count, used);
  },
};
