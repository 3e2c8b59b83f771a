// Turns the pieces of a task's turns into one text that only grows, equal to the result text in the end. A retried
// attempt may send a turn again: what is equal is skipped, what differs cannot be taken back and is reported.

import type { TextDelta } from "../domain/event.ts";
import { TURN_SEPARATOR } from "../domain/message.ts";

export interface AnswerText {
  /** What a delta adds to the text; undefined when it contradicts what was sent. */
  delta(delta: Pick<TextDelta, "turn" | "offset" | "text">): string | undefined;
  /** What the finished turn adds; undefined when it contradicts what was sent. */
  turnEnd(turn: number, text: string): string | undefined;
}

export function createAnswerText(): AnswerText {
  let turn = 0;
  let sent = ""; // of the current turn
  let anyBefore = false; // an earlier turn had text

  const enter = (next: number): void => {
    if (next <= turn) return;
    anyBefore ||= sent !== "";
    turn = next;
    sent = "";
  };
  const grow = (text: string): string => {
    if (text === "") return "";
    const separator = sent === "" && anyBefore ? TURN_SEPARATOR : "";
    sent += text;
    return separator + text;
  };

  return {
    delta: (piece) => {
      enter(piece.turn);
      if (piece.turn < turn || piece.offset > sent.length) return ""; // late, or after a gap that the turn's end fills
      const known = sent.slice(piece.offset, piece.offset + piece.text.length);
      if (!piece.text.startsWith(known)) return undefined;
      return grow(piece.text.slice(known.length));
    },
    turnEnd: (ended, text) => {
      enter(ended);
      if (ended < turn) return "";
      if (!text.startsWith(sent)) return undefined;
      const added = grow(text.slice(sent.length));
      enter(ended + 1);
      return added;
    },
  };
}
