// The .env of a home: what a line may look like, and that it never beats the real environment.

import { expect, test } from "vitest";
import { mergeEnv, parseDotEnv } from "../../../src/config/dotenv.ts";

const read = (text: string): Record<string, string> => ({ ...parseDotEnv(text, ".env").variables });

test("KEY=VALUE lines, comments, quotes and export are read", () => {
  const text = [
    "\uFEFF# a comment",
    "A=1",
    " B = two words # and a comment",
    'C="quoted # not a comment\\n\\"x\\""',
    "D='single $X'",
    "export E=5",
    "F=",
    "G=a#b",
    "",
    "H=#nothing",
  ].join("\r\n");
  expect(read(text)).toEqual({
    A: "1",
    B: "two words",
    C: 'quoted # not a comment\n"x"',
    D: "single $X",
    E: "5",
    F: "",
    G: "a#b",
    H: "",
  });
});

test("a line that is not KEY=VALUE is a problem with its line number", () => {
  const { problems } = parseDotEnv('A=1\nnonsense\nB="open', "/h/.env");
  expect(problems.map((problem) => problem.where)).toEqual(["/h/.env:2:1", "/h/.env:3:1"]);
});

test("the real environment is never overridden, also not where it is empty", () => {
  const merged = mergeEnv({ A: "real", B: "", C: undefined }, { A: "file", B: "file", C: "file", D: "file" });
  expect(merged).toEqual({ A: "real", B: "", C: "file", D: "file" });
});
