// How a task goes on when a call of it did not end with a result: it waits for a person without a lane, or its attempt is
// over.

import type { Outcome } from "../domain/task.ts";
import type { Performed } from "./perform.ts";

const EFFECT_DEADLINE_MS = 7 * 86_400_000;

export function pauseOf(performed: Exclude<Performed, { type: "result" }>, nowMs: number): Outcome {
  switch (performed.type) {
    case "lost":
      return { type: "lost" };
    case "wait": {
      const { kind, deadlineAt, message } = performed;
      const reason = kind === "act" ? "AWAITING_APPROVAL" : "AWAITING_INPUT";
      return { type: "suspended", reason, deadlineAt, message, wakes: true };
    }
    case "unknown": {
      const deadlineAt = nowMs + EFFECT_DEADLINE_MS;
      return { type: "suspended", reason: "EFFECT_UNKNOWN", deadlineAt, message: performed.message };
    }
  }
}
