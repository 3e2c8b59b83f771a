// The token of a home while it is watched: no request asks the disk for it, and the first request after a rotation, or in
// the middle of one, does.

import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resolvePaths } from "../../src/config/paths.ts";
import type { Ground } from "../../src/parts.ts";
import type { Guard } from "../../src/policy/guard.ts";
import type { Store } from "../../src/store/store.ts";
import { type TokenWatch, watchToken } from "../../src/token-watch.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

const token = (letter: string): string => letter.repeat(43);

let place: string;
let file: string;
let errors: string[];
let rotations: number;
/** How often somebody wanted to know where the file is, to look at it. */
let looks: number;
let watching: TokenWatch;

function replaceToken(text: string): void {
  writeFileSync(`${file}.next`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "goclaw-token-"));
  const real = resolvePaths(place);
  file = real.token;
  looks = 0;
  const paths = Object.defineProperty({ ...real }, "token", {
    get: () => {
      looks++;
      return file;
    },
  });
  errors = [];
  rotations = 0;
  replaceToken(token("a"));
  const log = { warn: () => {}, error: (_component: string, msg: string) => void errors.push(msg) };
  const ground = { paths, log, newId: () => "id", addSecret: () => {}, reportDefect: () => {} };
  const store = { run: async () => {} };
  const guard = { policy: () => ({ version: "v" }) };
  watching = watchToken(ground as unknown as Ground, store as unknown as Store, guard as unknown as Guard);
  watching.onRotated(() => void rotations++);
});
afterEach(() => {
  watching.stop();
  rmSync(place, { recursive: true });
});

const asksTheDisk = (): boolean => {
  const before = looks;
  watching.read();
  return looks > before;
};
const isWatched = (): Promise<unknown> => until("the token to be watched", () => !asksTheDisk());

test(
  verifies("ACP-003", "a watched token is not asked of the disk again until something stirs it"),
  async () => {
    expect(asksTheDisk()).toBe(true);
    await isWatched();
    utimesSync(file, 1, 1);
    await until("the disk to be asked again", asksTheDisk);
    await isWatched();
    expect([watching.read(), rotations]).toEqual([token("a"), 0]);
  },
);

test(verifies("ACP-003", "one rotation after another is each seen at once and told once"), async () => {
  for (const [index, letter] of ["b", "c", "d"].entries()) {
    // The second comes while the first is still looked at.
    if (index !== 1) await isWatched();
    replaceToken(token(letter));
    await until("the new token", () => watching.read() === token(letter));
    expect(rotations).toBe(index + 1);
  }
  expect(errors).toEqual([]);
});
