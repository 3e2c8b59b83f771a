// Watching one file: every way an editor may write it is news, and what happens beside it is none.

import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { watchFile } from "../../src/watch-file.ts";
import { until } from "../support/wait.ts";

let place: string;
let file: string;
let news: number;
let unwatch: () => void;

const heard = (count: number): Promise<unknown> =>
  until(`news ${count}`, async () => (news >= count ? true : undefined));

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), "goclaw-watch-"));
  file = join(place, "policy.yaml");
  news = 0;
  writeFileSync(file, "one");
  unwatch = watchFile(file, () => void news++);
  await heard(1);
});
afterEach(() => {
  unwatch();
  rmSync(place, { recursive: true });
});

test("a write in place, one after a replacement, and one after it came back are all heard", async () => {
  writeFileSync(file, "two");
  await heard(2);
  const next = join(place, "next");
  writeFileSync(next, "three");
  renameSync(next, file);
  await heard(3);
  appendFileSync(file, "four");
  await heard(4);
  rmSync(file);
  await heard(5);
  writeFileSync(file, "five");
  await heard(6);
  appendFileSync(file, "six");
  await heard(7);
});

test("several steps of one writer are one piece of news, and neighbours are none", async () => {
  for (let index = 0; index < 20; index++) appendFileSync(file, "x");
  for (let index = 0; index < 20; index++) appendFileSync(join(place, "goclaw.db-wal"), "x");
  await heard(2);
  writeFileSync(file, "last");
  await heard(3);
  expect(news).toBe(3);
});
