// The path guard on a real disk: links, second names, devices, mounts, and roots of every kind.

import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { FileRoot } from "../../../src/domain/act.ts";
import { openBeneath } from "../../../src/policy/paths.ts";
import { row } from "../../support/catalogue.ts";
import { reach, read, write } from "../../support/reach.ts";
import { CANARY, makePlace, type Place } from "../../support/workspace.ts";

const openFds = (): number => readdirSync("/proc/self/fd").length;

test("reads and writes what is inside, makes directories, and holds nothing afterwards", async () => {
  const place = makePlace();
  await read(place, "warm.up");
  const before = openFds();
  expect(await write(place, "a/b/c.txt", "hello")).toBe("ok");
  expect(await read(place, "a/b/c.txt")).toBe("hello");
  expect(await read(place, place.at("a/b/c.txt"))).toBe("hello");
  expect(await read(place, "a/none.txt")).toBe("TOOL_FAILED");
  expect(await read(place, "a/b/c.txt/d")).toBe("TOOL_FAILED");
  expect(await read(place, "a")).toBe("TOOL_FAILED");
  expect(await write(place, "a/b")).toBe("TOOL_FAILED");
  expect(await write(place, ".")).toBe("TOOL_FAILED");
  expect(readdirSync(place.at("a/b"))).toEqual(["c.txt"]);
  expect(openFds()).toBe(before);
});

test(
  row("G-03", "no link is followed: to a file, to a directory, in a chain, in a loop, dangling"),
  async () => {
    const place = makePlace();
    const before = openFds();
    place.put("real/x.txt", "inside");
    symlinkSync("/etc/passwd", place.at("file"));
    symlinkSync(place.outside, place.at("dir"));
    symlinkSync(place.at("real"), place.at("inner"));
    symlinkSync(place.at("loop"), place.at("loop"));
    symlinkSync(place.at("nowhere"), place.at("dangling"));
    symlinkSync(place.outside, place.at("chain0"));
    for (let n = 1; n <= 40; n++) symlinkSync(place.at(`chain${n - 1}`), place.at(`chain${n}`));
    for (const path of [
      "file",
      "dir/secret.txt",
      "inner/x.txt",
      "loop",
      "loop/x",
      "dangling",
      "chain40/secret.txt",
    ]) {
      expect(await read(place, path), path).toBe("PATH_SYMLINK");
      expect(await write(place, path), path).toBe("PATH_SYMLINK");
    }
    expect(await reach(place, "dir", "ro", async (held) => held.kind)).toBe("PATH_SYMLINK");
    expect(await write(place, "dir/made/x.txt")).toBe("PATH_SYMLINK");
    expect(readdirSync(place.outside)).toEqual(["secret.txt"]);
    expect(readFileSync(join(place.outside, "secret.txt"), "utf8")).toBe(CANARY);
    expect(existsSync(place.at("nowhere"))).toBe(false);
    expect(openFds()).toBe(before);
  },
);

test("links on the operator's own way to a root are followed, links below any root are not", async () => {
  const place = makePlace();
  const real = join(place.outside, "real");
  mkdirSync(join(real, "inner"), { recursive: true });
  writeFileSync(join(real, "inner/a.txt"), "a");
  symlinkSync(real, join(place.outside, "alias"));
  const alias: FileRoot = { path: join(place.outside, "alias"), mode: "rw" };
  const inner: FileRoot = { path: join(alias.path, "inner"), mode: "ro" };
  const roots = [...place.roots, alias, inner];
  expect(await read({ roots }, join(inner.path, "a.txt"))).toBe("a");
  // Somebody with write access above swaps the inner root for a link.
  renameSync(join(real, "inner"), join(real, "was"));
  symlinkSync(place.outside, join(real, "inner"));
  expect(await read({ roots }, join(inner.path, "secret.txt"))).toBe("PATH_SYMLINK");
});

test(row(["G-04", "D-08"], "a file with a second name is neither read nor written"), async () => {
  const place = makePlace();
  linkSync(join(place.outside, "secret.txt"), place.at("innocent.txt"));
  linkSync(join(place.home, "config.yaml"), place.at("settings.txt"));
  for (const path of ["innocent.txt", "settings.txt"]) {
    expect(await read(place, path)).toBe("PATH_HARDLINK");
    expect(await write(place, path)).toBe("PATH_HARDLINK");
  }
  expect(readFileSync(join(place.home, "config.yaml"), "utf8")).toBe(CANARY);
  expect(readFileSync(join(place.outside, "secret.txt"), "utf8")).toBe(CANARY);
});

test(row("D-08", "the files of the home stay as they are"), async () => {
  const place = makePlace();
  for (const name of [
    "policy.yaml",
    "config.yaml",
    "auth.token",
    "goclaw.db",
    "skills/x/run.sh",
    "logs/audit.jsonl",
  ]) {
    for (const path of [`../${name}`, join(place.home, name)]) {
      expect(await write(place, path), path).toBe("PATH_PROTECTED");
      expect(await read(place, path), path).toBe("PATH_PROTECTED");
    }
  }
  expect(await read(place, `/proc/self/cwd/${place.home}/auth.token`)).toBe("PATH_PROTECTED");
  expect(readdirSync(place.home).sort()).toEqual(["auth.token", "config.yaml", "workspace"]);
});

test(row("D-08", "the home is known by its real path when the policy opens it under another"), async () => {
  const place = makePlace();
  const alias = join(place.outside, "alias");
  symlinkSync(place.home, alias);
  const roots: FileRoot[] = [...place.roots, { path: alias, mode: "rw" }];
  expect(await read({ roots }, join(alias, "auth.token"))).toBe("PATH_PROTECTED");
  expect(await read({ roots }, join(alias, "config.yaml"))).toBe("PATH_PROTECTED");
  expect(await write({ roots }, join(alias, "new.txt"))).toBe("PATH_PROTECTED");
  expect(await write({ roots }, join(alias, "made/new.txt"))).toBe("PATH_PROTECTED");
  expect(readdirSync(place.home).sort()).toEqual(["auth.token", "config.yaml", "workspace"]);
});

test(row("G-10", "a protected directory is known by its real name"), async () => {
  const place = makePlace();
  mkdirSync(join(place.outside, ".ssh"));
  writeFileSync(join(place.outside, ".ssh/id"), CANARY);
  symlinkSync(join(place.outside, ".ssh"), join(place.outside, "keys"));
  const roots: FileRoot[] = [...place.roots, { path: join(place.outside, "keys"), mode: "rw" }];
  expect(await read({ roots }, join(place.outside, "keys/id"))).toBe("PATH_PROTECTED");
});

test("the policy may open a single file, and nothing beside it", async () => {
  const place = makePlace();
  const file = join(place.outside, "one.txt");
  writeFileSync(file, "one");
  const roots: FileRoot[] = [...place.roots, { path: file, mode: "rw" }];
  expect(await read({ roots }, file)).toBe("one");
  expect(await write({ roots }, file, "two")).toBe("ok");
  expect(await read({ roots }, file)).toBe("two");
  expect(await read({ roots }, join(place.outside, "secret.txt"))).toBe("PATH_OUTSIDE");
  expect(await read({ roots }, `${file}/x`)).toBe("TOOL_FAILED");
});

test(row("G-07", "a pipe, a socket and a device are refused at once, and nothing is opened"), async () => {
  const place = makePlace();
  execFileSync("mkfifo", [place.at("pipe")]);
  const server = createServer().listen(place.at("socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  const special = ["pipe", "socket"];
  if (process.getuid?.() === 0) {
    execFileSync("mknod", [place.at("zero"), "c", "1", "5"]);
    special.push("zero");
  }
  for (const path of special) {
    expect(await read(place, path), path).toBe("PATH_SPECIAL");
    expect(await write(place, path), path).toBe("PATH_SPECIAL");
    expect(await write(place, `${path}/x`), path).toBe("PATH_SPECIAL");
  }
});

test(row("G-07", "a file of a terabyte is refused by what it is, not read"), async () => {
  const place = makePlace();
  truncateSync(place.put("sparse", ""), 2 ** 40);
  expect(await read(place, "sparse")).toBe("LIMIT_SIZE");
});

const mounted = mountTmpfs();

test.skipIf(mounted === undefined)(
  row("G-09", "another file system below a root is closed until it is opened by its own path"),
  async () => {
    const place = makePlace();
    const above: FileRoot[] = [...place.roots, { path: dirname(mounted ?? ""), mode: "rw" }];
    const inside = join(mounted ?? "", "a.txt");
    expect(await write({ roots: above }, inside)).toBe("PATH_OUTSIDE");
    expect(await reach({ roots: above }, mounted ?? "", "ro", async (held) => held.kind)).toBe(
      "PATH_OUTSIDE",
    );
    const named: FileRoot[] = [...above, { path: mounted ?? "", mode: "rw" }];
    expect(await write({ roots: named }, inside)).toBe("ok");
    expect(await read({ roots: named }, inside)).toBe("new");
  },
);

test("a refusal shows the path without hidden characters, and never a descriptor's path", async () => {
  const place: Place = makePlace();
  symlinkSync("/etc", place.at("a\u202eb"));
  const error = await Promise.resolve()
    .then(() => openBeneath(place.roots, "a\u202eb/x", "ro"))
    .catch(String);
  expect(error).toContain("\\u202e");
  expect(error).not.toContain("\u202e");
  expect(error).not.toContain("/proc/");
});

/** Only root may mount; elsewhere the test that needs it is left out. */
function mountTmpfs(): string | undefined {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "goclaw-mount-")));
  const folder = join(top, "disk");
  mkdirSync(folder);
  const done = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  afterAll(() => {
    if (done.status === 0) spawnSync("umount", [folder]);
    rmSync(top, { recursive: true, force: true });
  });
  return done.status === 0 ? folder : undefined;
}
