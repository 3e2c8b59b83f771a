// What a process says when it dies of an error: one record with a code of the closed list, in the log of its daemon or,
// where there is none yet, on standard error. Whoever notices first says it; it is said once.

import { codeOf, exitCodeOf, messageOf } from "./domain/error.ts";
import { createStderrLog, type Log } from "./telemetry/log.ts";

export interface LastWords {
  /** From now on they go into the log. */
  useLog(log: Log): void;
  /** What went wrong on the way down, beside that. */
  complain(text: string): void;
  /** Whether it is recorded now: before there is a log, a command says it to who gave it, and nothing else does. */
  say(error: unknown): boolean;
}

/** `isService`: nobody waits for an answer here, so without a log the record goes to standard error. */
export function createLastWords(isService: boolean, nowMs: () => number): LastWords {
  let log = isService ? createStderrLog(nowMs) : undefined;
  let said = false;
  return {
    useLog: (opened) => {
      log = opened;
    },
    complain: (text) => log?.error("boot", text),
    say: (error) => {
      const code = codeOf(error);
      const stack = code === "INTERNAL" && error instanceof Error ? { stack: error.stack } : {};
      if (!said) log?.error("daemon", messageOf(error), { code, exit_code: exitCodeOf(code), ...stack });
      said = log !== undefined;
      return said;
    },
  };
}
