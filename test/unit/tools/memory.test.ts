// The memory: text files below workspace/memory, added to once however often the act is repeated, found again by a word,
// and walled in as the file tools are.

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { memoryRead } from "../../../src/tools/memory-read.ts";
import { memorySearch } from "../../../src/tools/memory-search.ts";
import { memoryWrite } from "../../../src/tools/memory-write.ts";
import { caller } from "../../support/call-tool.ts";
import { row } from "../../support/catalogue.ts";
import { verifies } from "../../support/verifies.ts";
import { makePlace } from "../../support/workspace.ts";

const open = () => {
  const place = makePlace();
  const [write, read, search] = [memoryWrite, memoryRead, memorySearch].map((tool) => caller(tool, place));
  return { place, write: write!, read: read!, search: search! };
};

test("what is written is added line by line, read back, and found by a word in any case", async () => {
  const { place, write, read, search } = open();
  expect(await search({ query: "tea" })).toBe("[nothing found: the memory is empty]");
  expect(await write({ path: "user.md", content: "Likes Tea" })).toBe("added to memory/user.md");
  expect(await write({ path: "memory/user.md", content: "Lives in Brno\n" })).toBe("added to memory/user.md");
  expect(readFileSync(place.at("memory/user.md"), "utf8")).toBe("Likes Tea\nLives in Brno\n");
  expect(await read({ path: "user.md" })).toBe("Likes Tea\nLives in Brno\n");
  expect(await search({ query: " tea " })).toBe(
    "memory/user.md:1: Likes Tea\nmemory/user.md-2- Lives in Brno\n[1 matching line in 1 file]",
  );
  expect(await write({ path: "user.md", content: "New", append: false })).toBe("wrote memory/user.md");
  expect(readFileSync(place.at("memory/user.md"), "utf8")).toBe("New");
});

test(
  verifies("QUE-006", "an addition that a crash cut off before its outcome is not made twice"),
  async () => {
    const { place, write } = open();
    mkdirSync(place.at("memory"));
    writeFileSync(place.at("memory/a.md"), "without an end of line");
    const args = { path: "a.md", content: "more" };
    const first = await write(args, { effectKey: "k" });
    expect(await write(args, { effectKey: "k" })).toBe(first);
    expect(readFileSync(place.at("memory/a.md"), "utf8")).toBe("without an end of line\nmore\n");
    await write(args, { effectKey: "another" });
    expect(readFileSync(place.at("memory/a.md"), "utf8")).toBe("without an end of line\nmore\nmore\n");
    await write(args, { effectKey: "late" });
    writeFileSync(place.at("memory/a.md"), "mine");
    expect(await write(args, { effectKey: "late" })).toMatch(/changed by somebody else/);
    expect(readFileSync(place.at("memory/a.md"), "utf8")).toBe("mine");
  },
);

test("a memory file has a limit, and what would pass it is not written", async () => {
  const { place, write } = open();
  await write({ path: "a.md", content: "x".repeat(1_000_000) });
  expect(await write({ path: "a.md", content: "y".repeat(50_000) })).toMatch(
    /^! LIMIT_SIZE: memory\/a\.md would/,
  );
  expect(readFileSync(place.at("memory/a.md"), "utf8")).toHaveLength(1_000_001);
});

test(row(["G-01", "G-03"], "the way out of the memory is closed: `..` and a link are refused"), async () => {
  const { place, write, read } = open();
  writeFileSync(place.at("mine.txt"), "mine");
  mkdirSync(place.at("memory"));
  symlinkSync(place.at("mine.txt"), place.at("memory/link.md"));
  for (const path of ["../mine.txt", "a/../../mine.txt", "memory/../mine.txt"]) {
    expect(await read({ path })).toMatch(/^! PATH_OUTSIDE/);
    expect(await write({ path, content: "x" })).toMatch(/^! PATH_OUTSIDE/);
  }
  expect(await read({ path: "link.md" })).toMatch(/^! PATH_SYMLINK/);
  expect(await write({ path: "link.md", content: "x" })).toMatch(/^! PATH_SYMLINK/);
  expect(readFileSync(place.at("mine.txt"), "utf8")).toBe("mine");
  expect(readdirSync(place.at("memory"))).toEqual(["link.md"]);
});
