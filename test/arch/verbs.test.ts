// The writer thread knows every verb that is defined, each under one name: a verb that is missing from the list would
// fail only when it is first called.

import { expect, test } from "vitest";
import { VERBS } from "../../src/verbs.ts";
import { listFiles, readText } from "../support/tree.ts";

const DEFINED = /\bdefineVerb(?:<[^(]*>)?\(\s*"([^"]+)"/g;

test("src/verbs.ts lists every verb once", () => {
  const sources = listFiles().filter((path) => /^src\/.*\.ts$/.test(path));
  const defined = sources.flatMap((path) => [...readText(path).matchAll(DEFINED)].map((match) => match[1]));
  const listed = VERBS.map((verb) => verb.name);
  expect(listed.toSorted()).toEqual(defined.toSorted());
  expect(new Set(listed).size).toBe(listed.length);
});
