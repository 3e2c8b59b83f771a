// The time a call may take, phase by phase, and the guard around every provider's stream: whatever the code inside does
// (hang, throw, end early), the caller sees parts and then exactly one `end` or `error`, in time.

import { aborted, type CallSite, fault } from "./faults.ts";
import type { Part, PhaseTimeouts, ProviderFailure } from "./provider.ts";

/** `first_byte` ends with the first byte of the body, not with its headers: vendors send those before they think. */
export type Phase = "connect" | "first_byte" | "idle" | "total";

const OVERRUN: Readonly<Record<Phase, string>> = {
  connect: "accepted no connection",
  first_byte: "sent no first byte of an answer",
  idle: "fell silent in the middle of its answer",
  total: "did not finish its answer",
};

/** One call's time and its end. The code that talks to the vendor reports here what it is waiting for. */
export interface CallClock {
  /** Aborts when the caller aborts, when a phase overruns, or when the call is over otherwise than by its end. */
  readonly signal: AbortSignal;
  readonly fault: ProviderFailure | undefined;
  /** From now on the vendor is waited for in this phase; its time starts anew. */
  enter(phase: Exclude<Phase, "total">): void;
  /** Nothing is awaited of the vendor until the next `enter`; the total goes on. */
  pause(): void;
  /** Ends the call with this failure; the first one counts. */
  fail(fault: ProviderFailure): void;
  /** Called once when the answer was complete, to let go of the connection in peace. */
  onComplete(release: () => void): void;
}

export interface GuardedCall {
  readonly site: CallSite;
  readonly timeouts: PhaseTimeouts;
  readonly signal: AbortSignal;
  readonly run: (clock: CallClock) => AsyncIterable<Part>;
  /** What an error means that `run` threw without telling the clock. */
  readonly explain: (error: unknown) => ProviderFailure;
}

const CONNECT_MS = 10_000;

/** Phases that are not set are bounded by the total alone, except connecting: 10 s. */
export function phaseTimeouts(totalMs: number, set: Partial<PhaseTimeouts> = {}): PhaseTimeouts {
  return { connectMs: Math.min(CONNECT_MS, totalMs), firstByteMs: totalMs, idleMs: totalMs, totalMs, ...set };
}

/** Never throws; ends with exactly one `end` or `error`, also when `run` ignores the clock's signal. */
export async function* guarded({
  site,
  timeouts,
  signal,
  run,
  explain,
}: GuardedCall): AsyncGenerator<Part, void, void> {
  if (signal.aborted) {
    yield aborted();
    return;
  }
  const clock = startClock(site, timeouts, signal);
  const parts = run(clock)[Symbol.asyncIterator]();
  let complete = false;
  try {
    for (;;) {
      const part = await nextPart(parts, clock, site, explain);
      complete = part.type === "end";
      yield part;
      if (complete || part.type === "error") return;
    }
  } finally {
    clock.close(complete);
    void Promise.resolve(parts.return?.()).catch(() => {});
  }
}

async function nextPart(
  parts: AsyncIterator<Part>,
  clock: RunningClock,
  site: CallSite,
  explain: (error: unknown) => ProviderFailure,
): Promise<Part> {
  try {
    const next = await clock.orStopped(parts.next());
    if (clock.fault !== undefined) return clock.fault;
    if (next === undefined || next.done) return fault(site, "malformed", "ended without saying so");
    return next.value;
  } catch (error) {
    return clock.fault ?? explain(error);
  }
}

interface RunningClock extends CallClock {
  /** Settles with `promise`, or with undefined as soon as the call has failed. */
  orStopped<T>(promise: Promise<T>): Promise<T | undefined>;
  close(complete: boolean): void;
}

function startClock(site: CallSite, timeouts: PhaseTimeouts, caller: AbortSignal): RunningClock {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  let found: ProviderFailure | undefined;
  let wake = (): void => {};
  let phaseTimer: NodeJS.Timeout | undefined;
  const stopTimers = (): void => {
    clearTimeout(phaseTimer);
    clearTimeout(totalTimer);
    caller.removeEventListener("abort", onAbort);
  };
  const fail = (reason: ProviderFailure): void => {
    if (found !== undefined || controller.signal.aborted) return;
    found = reason;
    stopTimers();
    controller.abort();
    wake();
  };
  const startTimer = (phase: Phase, ms: number): NodeJS.Timeout =>
    setTimeout(() => fail(overrun(site, phase, ms)), ms);
  const onAbort = (): void => fail(aborted());
  const totalTimer = startTimer("total", timeouts.totalMs);
  caller.addEventListener("abort", onAbort, { once: true });
  const limits = { connect: timeouts.connectMs, first_byte: timeouts.firstByteMs, idle: timeouts.idleMs };
  return {
    signal: controller.signal,
    get fault() {
      return found;
    },
    enter: (phase) => {
      clearTimeout(phaseTimer);
      if (!controller.signal.aborted) phaseTimer = startTimer(phase, limits[phase]);
    },
    pause: () => clearTimeout(phaseTimer),
    fail,
    onComplete: (release) => releases.push(release),
    orStopped: (promise) =>
      new Promise((resolve, reject) => {
        wake = () => resolve(undefined);
        promise.then(resolve, reject);
        if (found !== undefined) wake();
      }),
    close: (complete) => {
      stopTimers();
      if (complete) for (const release of releases) release();
      else controller.abort();
    },
  };
}

const LIMIT: Readonly<Record<Phase, string>> = {
  connect: "timeouts.connect_seconds",
  first_byte: "timeouts.first_byte_seconds",
  idle: "timeouts.idle_seconds",
  total: "timeout_seconds",
};

/** Also what a timeout of the socket library itself means, which knows some phases better than we do. */
export function overrun(site: CallSite, phase: Phase, ms?: number): ProviderFailure {
  const limit = ms === undefined ? "in time" : `within ${ms / 1000} s`;
  return fault({ ...site, limit: LIMIT[phase] }, "timeout", `${OVERRUN[phase]} ${limit} (phase ${phase})`);
}
