// The end of a command by a signal, in its own file so that program.ts can know it without loading the way to a daemon.

import type { Signal } from "./context.ts";

/** EPIPE means that nobody reads the output any more, which is no failure. */
export class Interrupted extends Error {
  readonly signal: Signal;

  constructor(signal: Signal) {
    super(`interrupted by ${signal}`);
    this.name = "Interrupted";
    this.signal = signal;
  }
}
