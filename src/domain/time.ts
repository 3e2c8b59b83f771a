// Ports for time and randomness. Nothing below the composition root reads a clock or a random source itself,
// so that a test or the simulator can own both.

/** Wall time for display and due dates; monotonic time (ms since an arbitrary origin) for every duration. */
export interface Clock {
  nowMs(): number;
  monoMs(): number;
}

/** Uniform random numbers in [0, 1) and random bytes. */
export interface Random {
  next(): number;
  bytes(count: number): Uint8Array;
}
