// Puts the pieces of an answer together: each is placed by turn and offset, so one that comes again after a reconnect is
// not printed again. The text printed only grows; when an attempt starts over with other words, that is said.

import { TURN_SEPARATOR } from "../domain/message.ts";

export interface AnswerText {
  /** What to print for a piece; empty when it is known already or comes after a gap. */
  accept(piece: Piece): string;
  /** What is missing at the end; `contradicted` when what was printed is not how the result begins. */
  finish(result: string): { readonly rest: string; readonly contradicted: boolean };
}

export interface Piece {
  readonly turn: number;
  /** UTF-16 units from the start of the turn's text. */
  readonly offset: number;
  readonly text: string;
}

export function createAnswerText(): AnswerText {
  let printed = "";
  let turn = 0;
  let turnText = "";
  let contradicted = false;

  const grow = (text: string): string => {
    const separator = turnText === "" && printed !== "" && text !== "" ? TURN_SEPARATOR : "";
    turnText += text;
    printed += separator + text;
    return separator + text;
  };
  return {
    accept: (piece) => {
      if (contradicted || piece.turn < turn) return "";
      if (piece.turn > turn) {
        turn = piece.turn;
        turnText = "";
      }
      if (piece.offset > turnText.length) return ""; // a gap: the whole turn, or the result, will fill it
      const known = turnText.slice(piece.offset);
      if (known.startsWith(piece.text)) return "";
      if (!piece.text.startsWith(known)) {
        contradicted = true;
        return "";
      }
      return grow(piece.text.slice(known.length));
    },
    finish: (result) => {
      if (!contradicted && result.startsWith(printed)) {
        return { rest: result.slice(printed.length), contradicted: false };
      }
      return { rest: result, contradicted: true };
    },
  };
}

/** Keeps a surrogate pair together when it is split between two pieces. */
export function createPairs(): (text: string) => string {
  let held = "";
  return (text) => {
    const whole = held + text;
    const last = whole.charCodeAt(whole.length - 1);
    held = last >= 0xd800 && last <= 0xdbff ? whole.slice(-1) : "";
    return held === "" ? whole : whole.slice(0, -1);
  };
}
