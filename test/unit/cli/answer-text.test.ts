// However the pieces of an answer arrive, no character of it is printed twice and none is left out.

import fc from "fast-check";
import { expect, test } from "vitest";
import { createPairs } from "../../../src/cli/pairs.ts";
import { TURN_SEPARATOR } from "../../../src/domain/message.ts";
import { createAnswerText, type Piece } from "../../../src/rpc/answer-text.ts";

function print(pieces: readonly Piece[], result: string): string {
  const answer = createAnswerText();
  const printed = pieces.map((piece) => answer.accept(piece)).join("");
  const rest = answer.finish(result);
  expect(rest).toBeDefined();
  return printed + rest;
}

/** Some pieces of the turns, in order, with repetitions, losses and whole turns among them. */
const streams = fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 4 }).chain((turns) =>
  fc.array(fc.tuple(fc.nat(turns.length - 1), fc.nat(12), fc.nat(12)), { maxLength: 30 }).map((cuts) => ({
    turns,
    pieces: cuts
      .map(([turn, from, length]): Piece => {
        const offset = Math.min(from, turns[turn]!.length);
        return { turn, offset, text: turns[turn]!.slice(offset, offset + length) };
      })
      .sort((a, b) => a.turn - b.turn),
  })),
);

test("any stream of pieces ends as the result", () => {
  fc.assert(
    fc.property(streams, ({ turns, pieces }) => {
      const result = turns.filter((text) => text !== "").join(TURN_SEPARATOR);
      // A turn of which nothing arrived, followed by one of which something did, is only in the result.
      const complete = turns.map((text, turn): Piece => ({ turn, offset: 0, text }));
      const all = [...pieces, ...complete].sort((a, b) => a.turn - b.turn);
      expect(print(all, result)).toBe(result);
    }),
  );
});

test("pieces are printed as they come, and once", () => {
  const answer = createAnswerText();
  const accept = (turn: number, offset: number, text: string): string =>
    answer.accept({ turn, offset, text }) ?? "";
  expect([accept(0, 0, "Hel"), accept(0, 3, "lo"), accept(0, 0, "Hello"), accept(0, 3, "lo you")]).toEqual([
    "Hel",
    "lo",
    "",
    " you",
  ]);
  expect(accept(1, 4, "late")).toBe("");
  expect(accept(1, 0, "Bye late")).toBe(`${TURN_SEPARATOR}Bye late`);
  expect(accept(0, 0, "Hello")).toBe("");
  expect(answer.finish(`Hello you${TURN_SEPARATOR}Bye late!`)).toBe("!");
});

test("an attempt that starts over with other words is reported, and the result comes whole", () => {
  const answer = createAnswerText();
  answer.accept({ turn: 0, offset: 0, text: "One way" });
  expect(answer.accept({ turn: 0, offset: 0, text: "Another" })).toBeUndefined();
  expect(answer.finish("Another way")).toBeUndefined();
});

test("a surrogate pair that was split is printed whole", () => {
  const pairs = createPairs();
  expect([pairs("a\ud83d"), pairs("\ude42b"), pairs("c")]).toEqual(["a", "🙂b", "c"]);
});
