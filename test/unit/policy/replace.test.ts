// What the path guard writes, and where: a whole file in the place of the old one, in the directory that was held.

import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openBeneath } from "../../../src/policy/paths.ts";
import { row } from "../../support/catalogue.ts";
import { write } from "../../support/reach.ts";
import { CANARY, makePlace } from "../../support/workspace.ts";

test(row("G-06", "a link planted beside the target is not written through"), async () => {
  const place = makePlace();
  const secret = join(place.outside, "secret.txt");
  place.put("a.txt", "old");
  for (const name of ["a.txt.tmp", ".a.txt.tmp", "a.txt~", ".goclaw-part-0000000000000000-0"])
    symlinkSync(secret, place.at(name));
  expect(await write(place, "a.txt", "new")).toBe("ok");
  expect(readFileSync(place.at("a.txt"), "utf8")).toBe("new");
  expect(readFileSync(secret, "utf8")).toBe(CANARY);
  expect(lstatSync(place.at("a.txt.tmp")).isSymbolicLink()).toBe(true);
});

test(row("G-12", "an old file's mode and owner stay, and setuid never does"), async () => {
  const place = makePlace();
  const isRoot = process.getuid?.() === 0;
  for (const [name, mode, kept] of [
    ["private", 0o600, 0o600],
    ["script", 0o755, 0o755],
    ["setuid", 0o4755, 0o755],
    ["setgid", 0o2770, 0o770],
  ] as const) {
    const file = place.put(name, "old");
    if (isRoot) chownSync(file, 4_321, 1_234);
    chmodSync(file, mode);
    expect(await write(place, name, "new")).toBe("ok");
    const after = statSync(file);
    expect(after.mode & 0o7777, name).toBe(kept);
    if (isRoot) expect([after.uid, after.gid]).toEqual([4_321, 1_234]);
    expect(readFileSync(file, "utf8")).toBe("new");
  }
  expect(await write(place, "fresh")).toBe("ok");
  expect(statSync(place.at("fresh")).mode & 0o7111).toBe(0);
});

test("a file that is marked read-only is not replaced, though its directory would let it", async () => {
  const place = makePlace();
  chmodSync(place.put("fixed.txt", "old"), 0o444);
  expect(await write(place, "fixed.txt")).toBe("TOOL_FAILED");
  expect(readFileSync(place.at("fixed.txt"), "utf8")).toBe("old");
});

test(row("G-12", "a reader of the old file keeps it whole while the new one takes its place"), async () => {
  const place = makePlace();
  place.put("a.txt", "old ".repeat(1_000));
  const held = openBeneath(place.roots, "a.txt", "ro");
  expect(await write(place, "a.txt", "new ".repeat(1_000))).toBe("ok");
  expect(String(await held.readWhole(10_000))).toBe("old ".repeat(1_000));
  held.close();
});

test("what was held is what is read and written, whatever its name means by then", async () => {
  const place = makePlace();
  place.put("d/secret.txt", "inside");
  const held = openBeneath(place.roots, "d/secret.txt", "rw");
  renameSync(place.at("d"), place.at("was"));
  symlinkSync(place.outside, place.at("d"));
  expect(String(await held.readWhole(100))).toBe("inside");
  await held.replace({ bytes: Buffer.from("changed"), key: "k" });
  held.close();
  expect(readFileSync(join(place.outside, "secret.txt"), "utf8")).toBe(CANARY);
  expect(readFileSync(place.at("was/secret.txt"), "utf8")).toBe("changed");
});

test("a write that fails leaves the old file and no part of the new one", async () => {
  const place = makePlace();
  place.put("d/a.txt", "old");
  const held = openBeneath(place.roots, "d/a.txt", "rw");
  rmSync(place.at("d/a.txt"));
  mkdirSync(place.at("d/a.txt/full"), { recursive: true });
  await expect(held.replace({ bytes: Buffer.from("new"), key: "k" })).rejects.toMatchObject({
    code: "TOOL_FAILED",
  });
  held.close();
  expect(readdirSync(place.at("d"))).toEqual(["a.txt"]);
});
