// The circuit breaker of each provider: after so many failures in a row it is left alone for a while, then one probe
// decides. Its state outlives the daemon through `save`; a request that was itself at fault never counts.

import type { ErrorClass } from "./provider.ts";

export interface BreakerState {
  readonly provider: string;
  readonly failures: number;
  /** Epoch ms when the circuit opened; null while it is closed. */
  readonly openedAt: number | null;
}

export interface BreakerOptions {
  readonly threshold: number;
  readonly cooldownMs: number;
  readonly nowMs: () => number;
  readonly restored: readonly BreakerState[];
  readonly save: (state: BreakerState) => void;
}

export interface Breaker {
  /** True when the provider may be called now. While half open only one caller at a time gets a yes. */
  mayTry(provider: string): boolean;
  succeeded(provider: string): void;
  failed(provider: string, errorClass: ErrorClass): void;
  /** The call ended without saying anything about the provider; a probe may be made again. */
  abandoned(provider: string): void;
  /** How long until the provider may be tried again, in ms; 0 when it may be now. */
  waitMs(provider: string): number;
  states(): readonly BreakerState[];
}

/** Failures of the provider; the other classes are about the request, the content or the caller. */
const COUNTS: readonly ErrorClass[] = [
  "auth",
  "quota",
  "rate_limit",
  "overloaded",
  "timeout",
  "network",
  "malformed",
];

export function createBreaker(options: BreakerOptions): Breaker {
  const { threshold, cooldownMs, nowMs } = options;
  const states = new Map(options.restored.map((state) => [state.provider, state]));
  const probing = new Set<string>();

  const stateOf = (provider: string): BreakerState =>
    states.get(provider) ?? { provider, failures: 0, openedAt: null };
  const put = (state: BreakerState): void => {
    states.set(state.provider, state);
    options.save(state);
  };

  return {
    mayTry: (provider) => {
      const { openedAt } = stateOf(provider);
      if (openedAt === null) return true;
      // A clock that was set back must not keep the circuit open for longer than one cooldown.
      const waited = nowMs() - openedAt;
      if ((waited >= 0 && waited < cooldownMs) || probing.has(provider)) return false;
      probing.add(provider);
      return true;
    },
    succeeded: (provider) => {
      probing.delete(provider);
      const state = stateOf(provider);
      if (state.failures > 0 || state.openedAt !== null) put({ provider, failures: 0, openedAt: null });
    },
    failed: (provider, errorClass) => {
      const wasProbe = probing.delete(provider);
      if (!COUNTS.includes(errorClass)) return;
      const state = stateOf(provider);
      const failures = state.failures + 1;
      const opens = wasProbe || failures >= threshold;
      put({ provider, failures, openedAt: opens ? nowMs() : state.openedAt });
    },
    waitMs: (provider) => {
      const { openedAt } = stateOf(provider);
      const waited = openedAt === null ? cooldownMs : nowMs() - openedAt;
      return waited < 0 ? 0 : Math.max(0, cooldownMs - waited);
    },
    abandoned: (provider) => void probing.delete(provider),
    states: () => [...states.values()],
  };
}
