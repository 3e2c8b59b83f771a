// Virtual time for one simulated machine. Every timer of the program under test lands here, nothing runs between two
// steps, and each timer belongs to a thread, so that a thread can be frozen or killed with all it was going to do.

import type { Clock } from "../../src/domain/time.ts";

export type Thread = string;

interface Timer {
  readonly order: number;
  readonly thread: Thread;
  readonly everyMs: number | undefined;
  readonly act: () => void;
  dueMs: number;
}

const START_WALL_MS = 1_700_000_000_000;
const REAL = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate };
const THE_WORLD: Thread = "world";

export class VirtualTime {
  readonly clock: Clock = {
    nowMs: () => Math.floor(this.#wallMs + this.#monoMs),
    monoMs: () => this.#monoMs,
  };
  #monoMs = 0;
  #wallMs = START_WALL_MS;
  #order = 0;
  #current: Thread = THE_WORLD;
  readonly #timers = new Set<Timer>();
  readonly #frozenUntil = new Map<Thread, number>();
  readonly #dead = new Set<Thread>();

  /** Until `uninstall`, the global timers are this clock's. */
  install(): void {
    const later = (act: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer =>
      this.at(this.#current, ms, () => act(...args));
    Object.assign(globalThis, {
      setTimeout: later,
      setImmediate: (act: (...args: unknown[]) => void, ...args: unknown[]) => later(act, 0, ...args),
      setInterval: (act: () => void, ms: number) => this.at(this.#current, ms, act, ms),
      clearTimeout: (timer: Timer | undefined) => timer && this.#timers.delete(timer),
      clearInterval: (timer: Timer | undefined) => timer && this.#timers.delete(timer),
    });
  }

  uninstall(): void {
    Object.assign(globalThis, REAL);
  }

  at(thread: Thread, delayMs: number, act: () => void, everyMs?: number): Timer {
    const timer = { order: this.#order++, thread, act, everyMs, dueMs: this.#monoMs + Math.max(0, delayMs) };
    if (!this.#dead.has(thread)) this.#timers.add(timer);
    return timer;
  }

  /** Something of the world outside: it goes on whatever happens to the program. */
  outside(delayMs: number, act: () => void): void {
    this.at(THE_WORLD, delayMs, act);
  }

  /** Runs `act` at once as part of a thread: timers it starts are the thread's. */
  as<Value>(thread: Thread, act: () => Value): Value {
    const before = this.#current;
    this.#current = thread;
    try {
      return act();
    } finally {
      this.#current = before;
    }
  }

  freeze(thread: Thread, ms: number): void {
    this.#frozenUntil.set(thread, this.#monoMs + ms);
  }

  /** The thread does nothing any more, and nothing it starts is started. */
  kill(thread: Thread): void {
    this.#dead.add(thread);
    for (const timer of this.#timers) if (timer.thread === thread) this.#timers.delete(timer);
  }

  /** Somebody sets the wall clock. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /** Runs the next timer and everything that follows from it without another; false when there is none. */
  async step(): Promise<boolean> {
    let next: Timer | undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const timer of this.#timers) {
      const dueMs = Math.max(timer.dueMs, this.#frozenUntil.get(timer.thread) ?? 0);
      if (dueMs > nextMs || (dueMs === nextMs && timer.order > next!.order)) continue;
      next = timer;
      nextMs = dueMs;
    }
    if (next === undefined) return false;
    this.#monoMs = Math.max(this.#monoMs, nextMs);
    this.#current = next.thread;
    if (next.everyMs === undefined) this.#timers.delete(next);
    else next.dueMs = this.#monoMs + Math.max(1, next.everyMs);
    next.act();
    await settled();
    this.#current = THE_WORLD;
    return true;
  }
}

/** Resolves when every promise that could go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    REAL.setImmediate(resolve);
  });
}
