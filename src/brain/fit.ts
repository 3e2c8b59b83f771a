// Makes a task's own turns shorter when they outgrow the window: texts of tool results, and of answers that did not fit
// their schema, are cut, oldest first, and say so. No message is dropped, so a call and its result are never parted.

import type { Message } from "../domain/message.ts";
import type { TokenCounter } from "../providers/tokens.ts";

/** What a result may keep, in UTF-16 units: a smaller size is taken only when the larger one was not enough. */
const KEPT_UNITS = [50_000, 10_000, 2_000, 500, 100, 0];

/** The same turns with `excess` tokens less, or as few as can be reached. */
export function cutResults(
  turns: readonly Message[],
  excess: number,
  counter: TokenCounter,
): readonly Message[] {
  let left = excess;
  const cut = [...turns];
  for (const keep of KEPT_UNITS) {
    for (const [index, message] of turns.entries()) {
      if (left <= 0) return cut;
      const now = cut[index] ?? message;
      if (!isCuttable(message, turns[index + 1]) || message.text.length <= keep) continue;
      const text = cutText(message.text, keep);
      const saved = counter.countText(now.text) - counter.countText(text);
      if (saved <= 0) continue;
      left -= saved;
      cut[index] = { ...message, text };
    }
  }
  return cut;
}

/** What a tool returned, and an answer that the model was asked to correct. */
function isCuttable(message: Message, next: Message | undefined): boolean {
  if (message.role === "tool") return true;
  return message.role === "assistant" && next?.role === "user" && next.isReask === true;
}

function cutText(text: string, keep: number): string {
  const kept = text.slice(0, endOfUnits(text, keep));
  return `${kept}\n[cut: ${text.length - kept.length} characters left out to fit the window]`;
}

/** At most `units`, and not between the halves of a surrogate pair. */
export function endOfUnits(text: string, units: number): number {
  const last = text.charCodeAt(units - 1);
  const splits = units < text.length && last >= 0xd800 && last <= 0xdbff;
  return splits ? units - 1 : Math.min(units, text.length);
}
