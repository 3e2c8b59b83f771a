// How much of the security catalogue the tests automate: every row that a title names exists, and their number is printed
// and never falls.

import { afterAll, expect, test } from "vitest";
import { AUTOMATED_MIN, CATALOGUE_IDS, CATALOGUE_SIZE } from "../catalogue-rows.ts";
import { listFiles, readText } from "../support/tree.ts";

const TEST_FILE = /^test\/.*\.test\.ts$/;
/** The first argument of `row(`: one id, or a list of them. */
const NAMED = /\brow\(\s*("[^"]*"|\[[^\]]*\])/g;
/** R-01 … are rows of the reliability plan beside it. */
const ID = /"([A-QS-Z]-\d+[a-z]?)"/g;

const automated = new Map<string, Set<string>>();
for (const path of listFiles().filter((file) => TEST_FILE.test(file))) {
  for (const [, ids = ""] of readText(path).matchAll(NAMED)) {
    for (const [, id = ""] of ids.matchAll(ID)) automated.set(id, (automated.get(id) ?? new Set()).add(path));
  }
}

test("every row that a test names is one of the catalogue", () => {
  const unknown = [...automated].filter(([id]) => !CATALOGUE_IDS.has(id));
  expect(unknown.map(([id, files]) => `${id} in ${[...files].join(", ")}`)).toEqual([]);
});

test(`at least ${AUTOMATED_MIN} rows are automated`, () => {
  expect(automated.size, "a row lost its test: see test/catalogue-rows.ts").toBeGreaterThanOrEqual(
    AUTOMATED_MIN,
  );
});

afterAll(() => {
  const open = [...CATALOGUE_IDS].filter((id) => !automated.has(id));
  console.log(`${automated.size} of ${CATALOGUE_SIZE} rows of the security catalogue are automated`);
  console.log(`not automated: ${open.join(" ")}`);
});
