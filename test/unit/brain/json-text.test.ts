// Getting JSON out of mixed text: whatever surrounds a value it is found, and no text makes the search crash or crawl.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findJson, isTooDeep } from "../../../src/brain/json-text.ts";

const valuesIn = (text: string): unknown[] => findJson(text).map(({ value }) => value);

/** Strings that look like the end, or the beginning, of something. */
const nasty = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("}", "{", "]", "[1]", '"', "\\", "```", "```json\n{}\n```", "{ you }", "\u2028", "\ud800"),
);
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    nasty,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(nasty, tie("json"), { maxKeys: 4 }),
  ),
}));
const container = fc.oneof(fc.array(json, { maxLength: 4 }), fc.dictionary(nasty, json, { maxKeys: 4 }));
/** JSON has no -0, and a lone surrogate is escaped: the text says what the value is. */
const written = fc
  .tuple(container, fc.constantFrom(undefined, 2, "\t"))
  .map(([value, indent]) => JSON.stringify(value, undefined, indent));
/** Prose with brackets and quotes that open and do not close; no digits, so that no `[1]` is a value of its own. */
const noise = fc
  .array(
    fc.constantFrom("So", "{", "}", "[", "]", '"', "it's", ":", ",", "{ you }", "\\", "\n", "[see", "```x"),
    {
      maxLength: 8,
    },
  )
  .map((words) => words.join(" "));

describe("findJson", () => {
  test("takes all of the text when all of it is JSON, whatever it is", () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value, undefined, 1);
        expect(findJson(` ${text}\n`)).toEqual([{ text, value: JSON.parse(text) as unknown }]);
      }),
    );
  });

  test("finds a value in a fence, behind and before any words", () => {
    const fences = fc.constantFrom("json", "JSON", "", "js");
    // A line that begins with the fence would be another fence.
    const words = noise.map((text) => text.replaceAll("`", "'"));
    fc.assert(
      fc.property(words, fences, written, words, (before, label, text, after) => {
        expect(findJson(`${before}\n\`\`\`${label}\n${text}\n\`\`\`\n${after}`)[0]).toEqual({
          text,
          value: JSON.parse(text) as unknown,
        });
      }),
    );
  });

  test("finds a value in prose on its own, whatever stands before and behind", () => {
    fc.assert(
      fc.property(noise, written, noise, (before, text, after) => {
        const found = findJson(`${before}\n${text}\n${after}`);
        const texts = found.map((candidate) => candidate.text);
        // Where the noise opens a bracket that the value and the noise behind it close, the whole is a value too.
        expect(texts.some((candidate) => candidate.includes(text))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("never throws, and gives only text that is JSON and in the answer", () => {
    const pieces = fc.constantFrom(...'{}[]",:\\ \n`0a-.etrue', "```", '{"a":', "null");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pieces).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (any) => {
        for (const { text: found, value } of findJson(any)) {
          expect(JSON.parse(found)).toEqual(value);
          expect(any.replaceAll("\r", "")).toContain(found.replaceAll("\r", ""));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["nothing", "there is none", []],
    ["an aside before the value", 'see [1]: {"a":2}', [[1], { a: 2 }]],
    ["a set in prose", 'the set {x} is {"a":"}"}', [{ a: "}" }]],
    [
      "a marked fence before an unmarked one",
      '```\n{"a":1}\n```\n```json\n{"b":2}\n```',
      [{ b: 2 }, { a: 1 }],
    ],
    ["a fence that does not end", '```json\n{"a":1}\n', [{ a: 1 }]],
    ["a fence on one line", 'so: ```{"a":1}```', [{ a: 1 }]],
    ["a value that breaks off", '{"a":[1,2],"b":', [[1, 2]]],
    ["quotes in prose before a value", '{"he said {"a":1}', [{ a: 1 }]],
    ["a trailing comma", '{"a":1,}', []],
    ["keys without quotes", "{a: 1}", []],
  ])("%s", (_, text, values) => {
    expect(valuesIn(text).slice(0, values.length)).toEqual(values);
    expect(valuesIn(text).length === 0).toBe(values.length === 0);
  });

  test.each([
    ["brackets that never close", "[".repeat(300_000)],
    ["objects that never close", '{"a":'.repeat(100_000)],
    ["quotes and brackets in turn", '{"['.repeat(150_000)],
    ["strings of brackets", `["${'[","'.repeat(100_000)}`],
    ["a long string that never closes", `{"${"{".repeat(300_000)}`],
    ["fences", "```\n".repeat(100_000)],
    ["a long number", `[${"1".repeat(300_000)}`],
    ["escapes", `{"${"\\{".repeat(200_000)}`],
  ])("time grows with the length only: %s", (_, text) => {
    const before = performance.now();
    findJson(text);
    expect(performance.now() - before).toBeLessThan(1_500);
  });

  test("a value that is nested too deeply is none", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(valuesIn(nested(200))).toHaveLength(1);
    expect(valuesIn(nested(5_000))).toEqual([]);
    expect(isTooDeep(JSON.parse(nested(5_000)))).toBe(true);
    expect(isTooDeep(JSON.parse(nested(200)))).toBe(false);
  });
});
