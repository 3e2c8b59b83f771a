// `${VAR}` and `${VAR:-default}`: what they become, and that nothing else in a text changes.

import fc from "fast-check";
import { expect, test } from "vitest";
import { expandText } from "../../../src/config/expand.ts";

const env = { NAME: "goose", EMPTY: "", NESTED: "${NAME}" };
const expanded = (text: string): string => expandText(text, env).text;

test("a variable is replaced wherever it stands in a text", () => {
  expect(expanded("a ${NAME} and ${NAME}")).toBe("a goose and goose");
});

test("a default holds when the variable is unset or empty, and only then", () => {
  expect(expanded("${NOPE:-x}")).toBe("x");
  expect(expanded("${EMPTY:-x}")).toBe("x");
  expect(expanded("${NAME:-x}")).toBe("goose");
  expect(expanded("${NOPE:-}")).toBe("");
  expect(expanded("${NOPE:-http://h:1/v1}")).toBe("http://h:1/v1");
  expect(expanded("${NOPE:-${NAME}!}")).toBe("goose!");
});

test("an unset variable is empty and is named", () => {
  expect(expandText("<${NOPE}>", env)).toEqual({ text: "<>", unset: ["NOPE"], malformed: false });
  expect(expandText("${NOPE:-${ALSO_NOT}}", env).unset).toEqual(["ALSO_NOT"]);
  expect(expandText("${NAME:-${ALSO_NOT}}", env).unset).toEqual([]);
});

test("what comes out of a variable is not expanded again", () => {
  expect(expanded("${NESTED}")).toBe("${NAME}");
});

test.each(["${", "${}", "${1A}", "${A", "${A:-b", "${A-b}", "${ A}", "x ${A:-${B}"])(
  "%s is malformed",
  (text) => {
    expect(expandText(text, env).malformed).toBe(true);
  },
);

test("inherited properties of the environment object are not variables", () => {
  expect(expandText("${toString}${__proto__}", env).text).toBe("");
});

test("a text without ${ stays as it is", () => {
  const plain = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("${"));
  fc.assert(fc.property(plain, (text) => expanded(text) === text));
});

test("escaping every ${ gives back exactly the text that was meant", () => {
  const parts = fc.array(fc.constantFrom("$", "{", "}", "${", "${NAME}", ":-", "a", " "));
  const escaped = (text: string): string => text.split("${").join("$${");
  fc.assert(
    fc.property(parts, (list) => expanded(escaped(list.join(""))) === list.join("")),
    { numRuns: 1000 },
  );
});

test("any value of a variable comes through unchanged between any plain texts", () => {
  const plain = fc.string().filter((text) => !text.includes("$"));
  fc.assert(
    fc.property(plain, fc.string({ minLength: 1 }), plain, (before, value, after) => {
      expect(expandText(`${before}\${V}${after}`, { V: value }).text).toBe(before + value + after);
    }),
  );
});
