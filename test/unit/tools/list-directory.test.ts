// list_directory: names in order, all of them by pages, and nothing in a name that could mislead.

import { symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { listDirectory } from "../../../src/tools/list-directory.ts";
import { caller } from "../../support/call-tool.ts";
import { row } from "../../support/catalogue.ts";
import { IN_MEMORY, makePlace } from "../../support/workspace.ts";

test("directories, sizes and links are told apart, in order of names", async () => {
  const place = makePlace();
  place.put("b/x");
  place.put("a.txt", "12345");
  place.put("c", "1");
  place.put(".goclaw/acts/1.json");
  place.put(".goclaw-part-0-1");
  symlinkSync("/etc", place.at("link"));
  expect(await caller(listDirectory, place)({})).toBe(
    "the workspace: 4 entries\na.txt  5 bytes\nb/\nc  1 byte\nlink  (symbolic link: tools do not follow it)",
  );
  expect(await caller(listDirectory, place)({ path: "b" })).toBe("b: 1 entry\nx  5 bytes");
  expect(await caller(listDirectory, place)({ path: "c" })).toBe("! c is a file; use read_file");
  expect(await caller(listDirectory, place)({ path: "none" })).toMatch(
    /^! TOOL_FAILED: none: it does not exist/,
  );
});

test("pages of 200 names come to all of them, each once", async () => {
  const place = makePlace();
  const names = Array.from({ length: 450 }, (_, index) => `f${String(index).padStart(3, "0")}`);
  for (const name of names) writeFileSync(place.at(name), "");
  const seen: string[] = [];
  let after: string | undefined = "";
  while (after !== undefined) {
    const told: string = await caller(listDirectory, place)({ after });
    seen.push(...[...told.matchAll(/^(f\d+) {2}0 bytes$/gm)].map((match) => match[1] ?? ""));
    after = /after="(f\d+)"\]$/.exec(told)?.[1];
  }
  expect(seen).toEqual(names);
});

test(
  row("G-14", "a name with line breaks, escapes or bidi controls is shown escaped, on one line"),
  async () => {
    const place = makePlace();
    for (const name of ["a\nroot: 1 entry", "b\u001b[2Jx", "c\u202egpj.exe", "d\u200b", 'e"q', "f g"])
      place.put(name, "");
    const told = await caller(listDirectory, place)({});
    expect(told.split("\n")).toHaveLength(7);
    expect(told).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(told).toContain('"c\\u202egpj.exe"  0 bytes');
  },
);

test(row("G-14", "a directory without end costs a bounded look"), async () => {
  const place = makePlace(IN_MEMORY);
  for (let index = 0; index < 25_000; index++) writeFileSync(place.at(`n${index}`), "");
  const told = await caller(listDirectory, place)({});
  expect(told).toMatch(/^the workspace: LIMIT_SIZE: more than 20000 entries/);
  expect(told.split("\n")).toHaveLength(202);
});
