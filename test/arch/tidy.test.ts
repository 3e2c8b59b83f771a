// The house rules that a machine can check. Limits only tighten: a file over the soft limit needs a row in LONG_FILES
// that it may not outgrow, and no row helps against the hard limit.

import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { listFiles, ROOT, readText } from "../support/tree.ts";
import { BANNED_NAMES, LONG_FILES, ROOT_FILES, ROOT_FOLDERS, SIZE, TEXT_RULES } from "./rules.ts";

const files = listFiles();
const typescript = files.filter((path) => /^(src|test|scripts)\/.*\.tsx?$/.test(path));
const TEXT = /\.(ts|tsx|cjs|mjs|js|sql|sh|md|json|yaml|yml|toml)$|^(justfile|LICENSE|\.npmrc|\.gitignore)$/;

/** Strings stay, comments go: a rule's token may be talked about, just not used. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

function linesOf(path: string): number {
  return readText(path).trimEnd().split("\n").length;
}

test("no file is longer than one sitting", () => {
  const long = typescript
    .map((path) => ({ path, lines: linesOf(path) }))
    .filter(({ path, lines }) => lines > Math.min(LONG_FILES[path] ?? SIZE.softLines, SIZE.hardLines));
  expect(long, `over ${SIZE.softLines} lines: split it by what it owns`).toEqual([]);
});

test("no row of LONG_FILES outlives its file's length", () => {
  const done = Object.keys(LONG_FILES).filter(
    (path) => !files.includes(path) || linesOf(path) <= SIZE.softLines,
  );
  expect(done, "short enough now: remove the row").toEqual([]);
});

test("every file opens with what it owns", () => {
  const bare = [...typescript, ...files.filter((path) => /^src\/.*\.sql$/.test(path))].filter((path) => {
    const first = readText(path).replace(/^#!.*\n/, "");
    return !(path.endsWith(".sql") ? first.startsWith("--") : /^(\/\/ |\/\*)/.test(first));
  });
  expect(bare, "begin with one to three sentences: what the file owns, which invariant it keeps").toEqual([]);
});

test("names say what is inside", () => {
  const vague = files.filter((path) =>
    path
      .split("/")
      .flatMap((part) => part.toLowerCase().split(/[-_.]/))
      .some((word) => (BANNED_NAMES as readonly string[]).includes(word)),
  );
  expect(vague, `not as names: ${BANNED_NAMES.join(", ")}`).toEqual([]);
});

test.each(TEXT_RULES)("$name", ({ files: where, allowed, pattern, inComments, instead }) => {
  const hits = files
    .filter((path) => where.test(path) && !allowed?.test(path) && TEXT.test(path))
    .filter((path) => pattern.test(inComments ? readText(path) : withoutComments(readText(path))));
  expect(hits, instead).toEqual([]);
});

test.each(TEXT_RULES)("the rule bites: $name", ({ pattern, example }) => {
  expect(example).toMatch(pattern);
});

test("nothing strays at the top of the repository", () => {
  const stray = files.filter((path) => {
    const [top = "", ...rest] = path.split("/");
    const known: readonly string[] = rest.length === 0 ? ROOT_FILES : ROOT_FOLDERS;
    return !known.includes(top);
  });
  expect(stray).toEqual([]);
});

test("a page has one title", () => {
  const titles = (path: string) =>
    readText(path)
      .replace(/^---\n[\s\S]*?\n---\n/, "")
      .replace(/^(```|~~~)[\s\S]*?^\1/gm, "")
      .match(/^# /gm)?.length ?? 0;
  expect(files.filter((path) => path.endsWith(".md") && titles(path) !== 1)).toEqual([]);
});

test("no large files", () => {
  const large = files.filter(
    (path) => basename(path) !== "package-lock.json" && statSync(join(ROOT, path)).size > SIZE.fileBytes,
  );
  expect(large, `over ${SIZE.fileBytes / 1024} KiB`).toEqual([]);
});
