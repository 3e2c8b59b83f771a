// Colours, only where the output shows them. Text goes through safe-text.ts first: paint adds escape codes, and they
// would be made visible.

import type { TaskState } from "../domain/task.ts";
import type { Output } from "./context.ts";

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly wait: (text: string) => string;
}

export function paintFor({ colors }: Output): Paint {
  const code =
    (on: number, off: number) =>
    (text: string): string =>
      colors ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { bold: code(1, 22), dim: code(2, 22), good: code(32, 39), bad: code(31, 39), wait: code(33, 39) };
}

export function paintState(paint: Paint, state: TaskState): (text: string) => string {
  if (state === "SUCCEEDED") return paint.good;
  if (state === "FAILED" || state === "DEAD_LETTER") return paint.bad;
  if (state === "RETRY_WAIT") return paint.wait;
  return state === "CANCELED" ? paint.dim : (text) => text;
}
