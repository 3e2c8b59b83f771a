// What a stream's pieces add up to is the result's text, whatever came late, twice or not at all; and what contradicts
// itself is reported instead of sent.

import fc from "fast-check";
import { expect, test } from "vitest";
import { resultText } from "../../../src/journal/answers.ts";
import { createAnswerText } from "../../../src/rpc/answer-text.ts";
import { answerOf } from "../../support/inputs.ts";

interface Delta {
  readonly turn: number;
  readonly offset: number;
  readonly text: string;
}
type Step = Delta | { readonly end: number };

/** One way in which a turn can be seen: its pieces from some offset on, some of them lost, begun anew any number of times. */
function viewsOf(turn: number, text: string): fc.Arbitrary<Step[]> {
  const attempt = fc
    .array(fc.tuple(fc.nat({ max: text.length }), fc.boolean()), { maxLength: 5 })
    .map((cuts) => {
      const places = [...new Set([0, ...cuts.map(([at]) => at), text.length])].sort((a, b) => a - b);
      const pieces = places
        .slice(0, -1)
        .map((from, index) => ({ turn, offset: from, text: text.slice(from, places[index + 1]) }));
      return pieces.filter((_piece, index) => cuts[index]?.[1] !== true);
    });
  // Only what follows the last attempt is followed by the turn's end.
  return fc
    .array(attempt, { minLength: 1, maxLength: 3 })
    .map((attempts) => [...attempts.flat(), { end: turn }]);
}

const turns = fc.array(fc.string({ maxLength: 12, unit: fc.constantFrom(..."ab \né🦆") }), {
  minLength: 1,
  maxLength: 4,
});
const stories = turns.chain((texts) =>
  fc.tuple(
    fc.constant(texts),
    fc.tuple(...texts.map((text, turn) => viewsOf(turn, text))).map((views) => views.flat()),
  ),
);

test("any interleaving of pieces, restarts with equal text and ends adds up to the result's text", () => {
  fc.assert(
    fc.property(stories, ([texts, steps]) => {
      const projection = createAnswerText();
      let sent = "";
      for (const step of steps) {
        const added =
          "end" in step
            ? projection.accept({ turn: step.end, offset: 0, text: texts[step.end]!, final: true })
            : projection.accept(step);
        expect(added, "nothing contradicts itself here").toBeDefined();
        sent += added;
      }
      expect(sent).toBe(resultText(texts.map((text) => answerOf(text))));
    }),
    { numRuns: 2_000 },
  );
});

test("a restart that differs is reported at the first piece that shows it", () => {
  const projection = createAnswerText();
  expect(projection.accept({ turn: 0, offset: 0, text: "hello w" })).toBe("hello w");
  expect(projection.accept({ turn: 0, offset: 0, text: "hel" })).toBe("");
  expect(projection.accept({ turn: 0, offset: 3, text: "p!" })).toBeUndefined();
});

test("an end that differs from what was sent, or is shorter, is reported", () => {
  for (const text of ["help", "hell", ""]) {
    const projection = createAnswerText();
    projection.accept({ turn: 0, offset: 0, text: "hello" });
    expect(projection.accept({ turn: 0, offset: 0, text: text, final: true })).toBeUndefined();
  }
});

test("a gap is left for the end of the turn to fill", () => {
  const projection = createAnswerText();
  expect(projection.accept({ turn: 0, offset: 5, text: "world" })).toBe("");
  expect(projection.accept({ turn: 0, offset: 0, text: "hey, world", final: true })).toBe("hey, world");
});

test("turns without text leave no separators", () => {
  const projection = createAnswerText();
  const sent = [
    projection.accept({ turn: 0, offset: 0, text: "", final: true }),
    projection.accept({ turn: 1, offset: 0, text: "a", final: true }),
    projection.accept({ turn: 2, offset: 0, text: "", final: true }),
    projection.accept({ turn: 3, offset: 0, text: "b", final: true }),
  ];
  expect(sent).toEqual(["", "a", "", "\n\nb"]);
});

test("what comes late from an earlier turn is not sent again", () => {
  const projection = createAnswerText();
  projection.accept({ turn: 0, offset: 0, text: "one", final: true });
  expect(projection.accept({ turn: 0, offset: 0, text: "one" })).toBe("");
  expect(projection.accept({ turn: 0, offset: 0, text: "one", final: true })).toBe("");
  expect(projection.accept({ turn: 1, offset: 0, text: "two" })).toBe("\n\ntwo");
});
