// search_files: finds what a plain loop finds, within the roots, in linear time, and says when it stopped early.

import { linkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileGlob, compilePattern } from "../../../src/tools/linear-pattern.ts";
import { searchFiles } from "../../../src/tools/search-files.ts";
import { caller } from "../../support/call-tool.ts";
import { row } from "../../support/catalogue.ts";
import { CANARY, makePlace } from "../../support/workspace.ts";

test("matching lines with their places, in order of paths", async () => {
  const place = makePlace();
  place.put("src/b.ts", "const x = 1;\nlet y = 2;\n");
  place.put("src/a.ts", "let x = 3;\r\n");
  place.put("readme.md", "x and y\n");
  const search = caller(searchFiles, place);
  expect(await search({ pattern: "\\b(x|y) = \\d" })).toBe(
    "src/a.ts:1: let x = 3;\nsrc/b.ts:1: const x = 1;\nsrc/b.ts:2: let y = 2;\n[3 matching lines in 3 files]",
  );
  expect(await search({ pattern: "X", ignore_case: true, path: "src", glob: "b.*" })).toBe(
    "src/b.ts:1: const x = 1;\n[1 matching line in 2 files]",
  );
  expect(await search({ pattern: "and", path: "readme.md" })).toBe(
    "readme.md:1: x and y\n[1 matching line in 1 file]",
  );
  expect(await search({ pattern: "1;", literal: true })).toContain("src/b.ts:1:");
  expect(await search({ pattern: "zebra" })).toBe("[nothing found in 3 files]");
  expect(await search({ pattern: "x", path: "none" })).toMatch(/^! TOOL_FAILED: none: it does not exist/);
});

test("context lines are shown once, and gaps are marked", async () => {
  const place = makePlace();
  place.put("a.txt", "1\nhit 2\n3\nhit 4\n5\n6\n7\n8\nhit 9\n");
  expect(await caller(searchFiles, place)({ pattern: "hit", context: 1 })).toBe(
    [
      "a.txt-1- 1",
      "a.txt:2: hit 2",
      "a.txt-3- 3",
      "a.txt:4: hit 4",
      "a.txt-5- 5",
      "--",
      "a.txt-8- 8",
      "a.txt:9: hit 9",
      "[3 matching lines in 1 file]",
    ].join("\n"),
  );
});

test("limits are said: of matches, of the result, of a line", async () => {
  const place = makePlace();
  place.put("a.txt", "hit\n".repeat(300));
  const search = caller(searchFiles, place);
  expect(await search({ pattern: "hit", limit: 5 })).toMatch(
    /LIMIT_SIZE: there are more than 5 matching lines/,
  );
  place.put("a.txt", `${"hit ".repeat(5_000)}\n`);
  expect(await search({ pattern: "hit" })).toMatch(/… \[20000 characters\]\n\[1 matching line/);
  place.put("a.txt", `${"hit ".repeat(60)}\n`.repeat(400));
  expect(await search({ pattern: "hit", limit: 1_000 })).toMatch(/LIMIT_SIZE: the result is full/);
});

test(row(["G-03", "G-04"], "links, second names, secrets, binaries and .git are passed over"), async () => {
  const place = makePlace();
  place.put("a.txt", CANARY.replace("nobody", "all"));
  symlinkSync(place.outside, place.at("dir"));
  symlinkSync(join(place.outside, "secret.txt"), place.at("file"));
  linkSync(join(place.outside, "secret.txt"), place.at("twin"));
  place.put("app/.env", CANARY);
  place.put(".ssh/id_rsa", CANARY);
  place.put(".git/x", CANARY);
  place.put("bin", Buffer.concat([Buffer.from([0]), Buffer.from(CANARY)]));
  expect(await caller(searchFiles, place)({ pattern: "canary" })).toBe(
    "a.txt:1: canary-7f3a: all may see this\n[1 matching line in 2 files; 5 links or closed files were passed over]",
  );
});

test(row("G-11", "no pattern takes more than linear time, and what could is refused"), async () => {
  const place = makePlace();
  place.put("a.txt", `${"a".repeat(50_000)}!\n${"x ".repeat(25_000)}\n`);
  const search = caller(searchFiles, place);
  for (const pattern of ["(a+)+$", "(a|aa)+$", "(.*)*b", "(x+ )*y", "^(([a-z])+.)+[A-Z]([a-z])+$"])
    expect(await search({ pattern }), pattern).toMatch(/\[(nothing|\d)/);
  for (const pattern of ["(a)\\1", "a(?=b)", "(a{1000}){1000}", "(", "[", "*"])
    expect(await search({ pattern }), pattern).toMatch(/^! BAD_REQUEST: the pattern/);
  expect(await search({ pattern: `${"a".repeat(300)}.` })).toMatch(
    /^! BAD_REQUEST: the pattern has 301 characters/,
  );
});

test("a pattern finds what JavaScript's own engine finds, with and without case", () => {
  const atom = fc.constantFrom("a", "B", ".", "\\w", "\\D", "[ab]", "[^a]", "(a|B)", "x", "É", "\\.");
  const quantified = fc.tuple(atom, fc.constantFrom("", "*", "+", "?", "{2}")).map((both) => both.join(""));
  const source = fc.array(quantified, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
  const line = fc.string({
    unit: fc.constantFrom("a", "A", "b", "B", "x", ".", " ", "é", "É"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(source, line, fc.boolean(), (pattern, text, ignoreCase) => {
      const { matches } = compilePattern(pattern, { isLiteral: false, ignoreCase });
      expect(matches(text)).toBe(new RegExp(pattern, ignoreCase ? "i" : "").test(text));
    }),
    { numRuns: 2_000 },
  );
});

test("globs are about the name, or about the path when they have a slash", () => {
  const cases: [string, string[], string[]][] = [
    ["*.ts", ["a.ts", "src/a.ts"], ["a.tsx", "ts"]],
    ["*.{ts,tsx}", ["a.ts", "b/a.tsx"], ["a.js"]],
    ["src/*.ts", ["src/a.ts"], ["src/b/a.ts", "a.ts"]],
    ["src/**/*.ts", ["src/a.ts", "src/b/c/a.ts"], ["test/a.ts"]],
    ["**/*.md", ["a.md", "x/a.md"], ["a.mdx"]],
    ["a?c+(1).txt", ["abc+(1).txt"], ["ac+(1).txt", "abcc1.txt"]],
    ["./src/a.ts", ["src/a.ts"], []],
  ];
  for (const [glob, yes, no] of cases) {
    const fits = compileGlob(glob);
    expect([glob, yes.filter((path) => !fits(path)), no.filter(fits)]).toEqual([glob, [], []]);
  }
});
