// SPEC.md, test/requirements.ts and the tags in tests and benches say the same: every id is listed in both places with
// one title, every tag names a listed id, and no row claims more or less than its tags.

import { afterAll, expect, test } from "vitest";
import { REQUIREMENTS, type Requirement } from "../requirements.ts";
import { listFiles, readText } from "../support/tree.ts";

const ID = "[A-Z]{2,5}-\\d{3}";
const ON_PAGE = new RegExp(`^- \\*\\*(${ID}) (.+?)\\.\\*\\*`, "gm");
/** `[QUE-001]` in a title, or a quoted id among the first arguments of `verifies(`. */
const TAG = new RegExp(`[["'\`](${ID})["'\`\\]]`, "g");
const TAGGED_FILE = /^(test\/.*\.test\.ts|bench\/.*\.(ts|mjs))$/;
const SELF = "test/arch/requirements.test.ts";

const page = [...readText("SPEC.md").matchAll(ON_PAGE)].map((match) => `${match[1]} ${match[2]}`);
const rows = REQUIREMENTS.map((row) => `${row.id} ${row.title}`);
const families = new Set(REQUIREMENTS.map((row) => familyOf(row.id)));
const tags = collectTags();

function familyOf(id: string): string {
  return id.slice(0, id.indexOf("-"));
}

/** Which files carry which id; ids of families that SPEC.md does not have are other things, such as SHA-256. */
function collectTags(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const path of listFiles().filter((file) => TAGGED_FILE.test(file) && file !== SELF)) {
    for (const [, id = ""] of readText(path).matchAll(TAG)) {
      if (!families.has(familyOf(id))) continue;
      found.set(id, (found.get(id) ?? new Set()).add(path));
    }
  }
  return found;
}

test("SPEC.md and test/requirements.ts list the same ids with the same titles, in the same order", () => {
  expect(page).toEqual(rows);
  expect(new Set(REQUIREMENTS.map((row) => row.id)).size).toBe(REQUIREMENTS.length);
});

test("every id that a test carries is a requirement", () => {
  const known = new Set<string>(REQUIREMENTS.map((row) => row.id));
  expect([...tags.keys()].filter((id) => !known.has(id))).toEqual([]);
});

const isOpen = (row: Requirement) => row.open !== undefined;
const idsOf = (some: readonly Requirement[]) => some.map((row) => row.id);

test("a verified or partly verified id is carried by a test", () => {
  const unproven = REQUIREMENTS.filter(
    (row) => (!isOpen(row) || row.missing !== undefined) && !tags.has(row.id),
  );
  expect(idsOf(unproven), "carried by no test: tag one, or leave only `open` in the row").toEqual([]);
});

test("an id that a test carries is verified, or says what is missing", () => {
  const proven = REQUIREMENTS.filter((row) => isOpen(row) && row.missing === undefined && tags.has(row.id));
  expect(idsOf(proven), "carried by a test: remove `open`, or add `missing` beside it").toEqual([]);
  expect(idsOf(REQUIREMENTS.filter((row) => row.missing !== undefined && !isOpen(row)))).toEqual([]);
});

afterAll(() => {
  const verified = REQUIREMENTS.filter((row) => !isOpen(row));
  const partly = REQUIREMENTS.filter((row) => row.missing !== undefined);
  const open = REQUIREMENTS.filter((row) => isOpen(row) && row.missing === undefined);
  const line = (row: Requirement) => `  ${row.id}  ${row.title}: ${[...(tags.get(row.id) ?? [])].join(", ")}`;
  console.log([`verified ${verified.length} of ${REQUIREMENTS.length}`, ...verified.map(line)].join("\n"));
  console.log(
    [`partly ${partly.length}`, ...partly.map((row) => `${line(row)}; not ${row.missing}`)].join("\n"),
  );
  for (const [issue, some] of Map.groupBy(open, (row) => row.open)) {
    console.log(`open, ${issue === "later" ? issue : `issue ${issue}`}: ${idsOf(some).join(" ")}`);
  }
});
