// Puts the pieces of a task's turns together into one text that only grows, equal to the result text in the end. A piece
// that comes again, after a reconnect or a retry, is passed over; one that differs from what was taken is a contradiction.

import { TURN_SEPARATOR } from "../domain/message.ts";

export interface Piece {
  readonly turn: number;
  /** UTF-16 units from the start of the turn's text. */
  readonly offset: number;
  readonly text: string;
  /** True when this is the turn's whole text, from offset 0. */
  readonly final?: boolean;
}

export interface AnswerText {
  /** What the piece adds; empty when it is known, late or after a gap; undefined when it contradicts what was taken. */
  accept(piece: Piece): string | undefined;
  /** What the result has beyond what was taken; undefined when it begins otherwise. */
  finish(result: string): string | undefined;
}

export function createAnswerText(): AnswerText {
  let taken = "";
  let turn = 0;
  let turnText = "";
  let contradicted = false;

  const grow = (text: string): string => {
    const separator = turnText === "" && taken !== "" && text !== "" ? TURN_SEPARATOR : "";
    turnText += text;
    taken += separator + text;
    return separator + text;
  };
  const enter = (next: number): void => {
    turn = next;
    turnText = "";
  };
  const contradict = (): undefined => {
    contradicted = true;
    return undefined;
  };
  return {
    accept: (piece) => {
      if (contradicted) return undefined;
      if (piece.turn < turn) return "";
      if (piece.turn > turn) enter(piece.turn);
      if (piece.offset > turnText.length) return ""; // a gap: the turn's whole text, or the result, will fill it
      const known = turnText.slice(piece.offset);
      if (piece.text.startsWith(known)) {
        const added = grow(piece.text.slice(known.length));
        // The turn is whole: what else comes of it is late.
        if (piece.final === true) enter(piece.turn + 1);
        return added;
      }
      // A piece shorter than what is known repeats it; a whole turn that is shorter says that something was taken back.
      return known.startsWith(piece.text) && piece.final !== true ? "" : contradict();
    },
    finish: (result) => {
      if (contradicted || !result.startsWith(taken)) return undefined;
      return result.slice(taken.length);
    },
  };
}
