// read_file: pages that join up to the file, and an end to everything that is no text or has none.

import { truncateSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readFile } from "../../../src/tools/read-file.ts";
import { RESULT_CHARS } from "../../../src/tools/tool.ts";
import { caller } from "../../support/call-tool.ts";
import { row } from "../../support/catalogue.ts";
import { makePlace } from "../../support/workspace.ts";

test("a small file is returned exactly as it is", async () => {
  const place = makePlace();
  const read = caller(readFile, place);
  for (const text of [
    "one\ntwo\n",
    "no line end",
    "\ufeffbom\r\ncrlf\r\n",
    "žluťoučký 🦆\n",
    "\n\n",
    "a\n\nb",
  ]) {
    place.put("a.txt", text);
    expect(await read({ path: "a.txt" })).toBe(text);
  }
  place.put("empty", "");
  expect(await read({ path: "empty" })).toBe("[empty is empty]");
});

test("a page says which lines it has and how to get the rest", async () => {
  const place = makePlace();
  const read = caller(readFile, place);
  place.put("a.txt", Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`).join(""));
  expect(await read({ path: "a.txt", limit: 2 })).toBe(
    "line 1\nline 2\n[lines 1-2 of a.txt (231 bytes); the rest: read_file with offset=3]",
  );
  expect(await read({ path: "a.txt", offset: 29, limit: 5 })).toBe(
    "line 29\nline 30\n[lines 29-30 of a.txt; this is its end]",
  );
  expect(await read({ path: "a.txt", offset: 31 })).toBe("! a.txt has fewer than 31 lines");
});

test("the pages of any text, taken as their notes say, are the text", async () => {
  const place = makePlace();
  const read = caller(readFile, place);
  const line = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.integer({ min: 1, max: 9_000 }).map((length) => "é".repeat(length)),
  );
  const text = fc.array(
    line.map((one) => one.replace(/[\n\0]/g, " ")),
    { minLength: 1, maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 12 }), async (lines, limit) => {
      const whole = `${lines.join("\n")}\n`;
      place.put("a.txt", whole);
      let joined = "";
      let offset: number | undefined = 1;
      while (offset !== undefined) {
        const told: string = await read({ path: "a.txt", offset, limit });
        expect(told.length).toBeLessThan(RESULT_CHARS);
        expect(told).not.toMatch(/^! [A-Z_]+: /);
        const next: string | undefined = /the rest: read_file with offset=(\d+)\]$/.exec(told)?.[1];
        joined += next === undefined && offset === 1 ? told : told.slice(0, told.lastIndexOf("["));
        offset = next === undefined ? undefined : Number(next);
      }
      expect(joined).toBe(whole);
    }),
    { numRuns: 60 },
  );
});

test("a line longer than a page is cut between characters, and the next line is named", async () => {
  const place = makePlace();
  place.put("a.txt", `${"🦆".repeat(50_000)}\nnext\n`);
  const told = await caller(readFile, place)({ path: "a.txt" });
  expect(told).toMatch(
    /^(🦆)+\n\[line 1 of a\.txt is longer than a page and is cut here; next line: offset=2\]$/u,
  );
  expect(await caller(readFile, place)({ path: "a.txt", offset: 2 })).toMatch(/^next\n/);
});

test(row("G-07", "what is not text is named and not returned, of whatever size"), async () => {
  const place = makePlace();
  const read = caller(readFile, place);
  place.put("image.png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]));
  expect(await read({ path: "image.png" })).toBe(
    "! image.png is a binary file of 7 bytes; read_file reads UTF-8 text only",
  );
  place.put("latin1.txt", Buffer.from([0x63, 0xe9, 0x0a]));
  expect(await read({ path: "latin1.txt" })).toContain("binary file");
  truncateSync(place.put("sparse", ""), 2 ** 40);
  expect(await read({ path: "sparse" })).toContain("binary file");
  expect(await read({ path: "sparse", offset: 5 })).toContain("LIMIT_SIZE");
});

test("a directory and a name that is not there say what to do instead", async () => {
  const place = makePlace();
  place.put("d/x");
  expect(await caller(readFile, place)({ path: "d" })).toBe("! d is a directory; use list_directory");
  expect(await caller(readFile, place)({ path: "none" })).toBe(
    "! TOOL_FAILED: none: it does not exist; list_directory shows what there is",
  );
});
