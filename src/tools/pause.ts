// How a task goes on when a call of it did not end with a result: it waits for a person or a child without a lane, or its attempt is
// over.

import type { Outcome } from "../domain/task.ts";
import type { Performed } from "./perform.ts";

const EFFECT_DEADLINE_MS = 7 * 86_400_000;

const WAITS_FOR = { act: "AWAITING_APPROVAL", question: "AWAITING_INPUT", child: "AWAITING_CHILD" } as const;

export function pauseOf(performed: Exclude<Performed, { type: "result" }>, nowMs: number): Outcome {
  switch (performed.type) {
    case "lost":
      return { type: "lost" };
    case "wait": {
      const { kind, deadlineAt, message, childId } = performed;
      const child = childId === undefined ? {} : { childId };
      return { type: "suspended", reason: WAITS_FOR[kind], deadlineAt, message, wakes: true, ...child };
    }
    case "unknown": {
      const deadlineAt = nowMs + EFFECT_DEADLINE_MS;
      return { type: "suspended", reason: "EFFECT_UNKNOWN", deadlineAt, message: performed.message };
    }
  }
}
