// write_file: a whole file, once or again, and quotas that end before the disk does.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { writeFile } from "../../../src/tools/write-file.ts";
import { caller } from "../../support/call-tool.ts";
import { row } from "../../support/catalogue.ts";
import { verifies } from "../../support/verifies.ts";
import { IN_MEMORY, makePlace } from "../../support/workspace.ts";

test(
  verifies("QUE-006", "written again with the same key it is the same file and the same words"),
  async () => {
    const place = makePlace();
    const write = caller(writeFile, place);
    const args = { path: "a/b/c.txt", content: "žluť 🦆\n" };
    const first = await write(args, { effectKey: "k" });
    expect(first).toBe("wrote a/b/c.txt (12 bytes)");
    expect(await write(args, { effectKey: "k" })).toBe(first);
    expect(readFileSync(place.at("a/b/c.txt"), "utf8")).toBe(args.content);
    expect(readdirSync(place.at("a/b"))).toEqual(["c.txt"]);
  },
);

test(row("G-08", "a file larger than its limit is refused before anything is made"), async () => {
  const place = makePlace();
  const told = await caller(writeFile, place)({ path: "d/big.txt", content: "x".repeat(10 * 1_048_576 + 1) });
  expect(told).toMatch(/^! LIMIT_SIZE: "d\/big\.txt": 10485761 bytes are more than/);
  expect(readdirSync(place.workspace)).toEqual([]);
});

test(row("G-08", "a task that writes file after file comes to an end"), async () => {
  const place = makePlace(IN_MEMORY);
  const write = caller(writeFile, place);
  const taskId = "the one that does not stop";
  let told = "";
  let written = 0;
  while (written < 6_000) {
    told = await write({ path: `${written % 10}.txt`, content: "" }, { taskId });
    if (told.startsWith("!")) break;
    written++;
  }
  expect(written).toBe(5_000);
  expect(told).toMatch(/^! LIMIT_SIZE: .*this task has written 5000 files/);
  expect(await write({ path: "x.txt", content: "" }, { taskId: "another" })).toContain("wrote");
});

test(row("G-08", "a full directory takes no new names, and changes the ones it has"), async () => {
  const place = makePlace();
  mkdirSync(place.at("full"));
  for (let index = 0; index < 10_000; index++) writeFileSync(place.at(`full/${index}`), "");
  const write = caller(writeFile, place);
  expect(await write({ path: "full/new", content: "" })).toMatch(/^! LIMIT_SIZE: .*10000 entries/);
  expect(await write({ path: "full/77", content: "x" })).toContain("wrote");
});

test(row("G-08", "a path of 200 names of 255 bytes makes no directory"), async () => {
  const place = makePlace();
  const path = Array(200).fill("n".repeat(255)).join("/");
  expect(await caller(writeFile, place)({ path, content: "" })).toMatch(/^! LIMIT_SIZE/);
  expect(readdirSync(place.workspace)).toEqual([]);
});
