// What an approval is shown and bound to, and what a model is told: the parts of exec and shell around the sandbox.

import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Captured } from "../../../src/sandbox/capture.ts";
import type { Ran } from "../../../src/sandbox/job.ts";
import { resultText } from "../../../src/tools/command-text.ts";
import { exec } from "../../../src/tools/exec.ts";
import { shell } from "../../../src/tools/shell.ts";
import type { ToolContext } from "../../../src/tools/tool.ts";
import { row } from "../../support/catalogue.ts";
import { toolContext } from "../../support/tool-context.ts";

let workspace: string;
beforeEach(() => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), "goclaw-command-")));
  return () => rmSync(workspace, { recursive: true, force: true });
});

function truncate(file: string, bytes: number): void {
  writeFileSync(file, "");
  truncateSync(file, bytes);
}

function context(more: Partial<ToolContext> = {}): ToolContext {
  return toolContext(workspace, { effectKey: "k", now: () => new Date(0), ...more });
}

const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

test("the exact act names the program's file, the directory and what the named files hold", async () => {
  writeFileSync(join(workspace, "run.sh"), "echo hi\n");
  writeFileSync(join(workspace, "conf"), "x=1");
  const act = await exec.exactAct!(
    { argv: ["sh", "run.sh", "--config=conf", "gone"], stdin: "in" },
    context(),
  );
  const program = realpathSync("/usr/bin/sh");
  const { dev, ino } = statSync(workspace);
  expect(act).toEqual({
    ...{ tool: "exec", argv: ["sh", "run.sh", "--config=conf", "gone"], env: {}, sandbox: "bwrap" },
    executable: { path: program, sha256: sha256(readFileSync(program)) },
    cwd: { path: workspace, dev, ino },
    stdin: "in",
    stdin_sha256: sha256("in"),
    files: [
      { path: join(workspace, "conf"), sha256: sha256("x=1") },
      { path: join(workspace, "run.sh"), sha256: sha256("echo hi\n") },
    ],
    limits: { timeout_ms: 30_000, processes: 128, file_bytes: 268_435_456 },
  });
});

test("a file that is too large to read for a question is bound by what the kernel says of it", async () => {
  for (const name of ["sparse", "other"]) truncate(join(workspace, name), 1e12);
  writeFileSync(join(workspace, "small"), "s");
  const describe = () => exec.exactAct!({ argv: ["cat", "sparse", "small"] }, context());
  const before = await describe();
  const { dev, ino } = statSync(join(workspace, "sparse"));
  expect(before).toMatchObject({
    files: [
      { path: join(workspace, "small"), sha256: sha256("s") },
      { path: join(workspace, "sparse"), sha256: null, bytes: 1e12, dev, ino },
    ],
  });
  expect(await describe()).toEqual(before);
  utimesSync(join(workspace, "sparse"), 0, 0); // whatever is said of its time, it was touched
  expect(await describe()).not.toEqual(before);
  renameSync(join(workspace, "other"), join(workspace, "sparse"));
  expect(await describe()).not.toEqual(before);
});

test("the exact act of a line holds the files that it mentions; it changes with each of them", async () => {
  writeFileSync(join(workspace, "run.sh"), "one");
  const describe = () => shell.exactAct!({ command: "cat <run.sh|sh ./run.sh; true" }, context());
  const before = await describe();
  expect(before).toMatchObject({
    ...{ tool: "shell", argv: ["sh", "-c", "cat <run.sh|sh ./run.sh; true"] },
    files: [{ path: join(workspace, "run.sh"), sha256: sha256("one") }],
  });
  expect(await describe()).toEqual(before);
  writeFileSync(join(workspace, "run.sh"), "two");
  expect(await describe()).not.toEqual(before);
});

test("the exact act does not look at files outside what is open", async () => {
  symlinkSync("/etc/hostname", join(workspace, "link"));
  const act = await exec.exactAct!({ argv: ["cat", "/etc/passwd", "link", "../x"] }, context());
  expect(act).toMatchObject({ files: [] });
});

test("a working directory is inside what is open, whatever links say", async () => {
  mkdirSync(join(workspace, "in"));
  symlinkSync("/etc", join(workspace, "out"));
  symlinkSync("in", join(workspace, "also-in"));
  for (const cwd of ["..", "/", "out", "in/../..", "missing", "/etc"]) {
    const refused = { type: "failed", text: expect.stringContaining("PATH_OUTSIDE: ") };
    expect(await exec.run({ argv: ["ls"], cwd }, context()), cwd).toMatchObject(refused);
  }
  expect(await exec.exactAct!({ argv: ["ls"], cwd: "also-in" }, context())).toMatchObject({
    cwd: { path: join(workspace, "in") },
  });
});

test(row("F-05", "the policy is told the words of the program, or the whole line as a shell's"), () => {
  expect(exec.touches!({ argv: ["rm", "-rf", "*"] })).toEqual([
    { command: ["rm", "-rf", "*"], path: { path: ".", mode: "rw" } },
  ]);
  expect(shell.touches!({ command: "a | b", cwd: "d" })).toEqual([
    { command: ["sh", "-c", "a | b"], path: { path: "d", mode: "rw" } },
  ]);
  expect(exec.resource({ argv: ["git", "commit", "-m", "a b\n"] }, "default")).toBe('git commit -m "a b\\n"');
});

test("a word that is no program is refused before anything starts", async () => {
  writeFileSync(join(workspace, "plain"), "");
  chmodSync(join(workspace, "plain"), 0o600);
  for (const word of ["", "no-such-program", "./plain", "./missing", "cd"]) {
    const refused = { type: "failed", text: expect.stringContaining("EXEC_FAILED: there is no program") };
    expect(await exec.run({ argv: [word] }, context()), word).toMatchObject(refused);
  }
});

const captured = (head: string, tail = "", droppedBytes = 0): Captured => ({
  head: Buffer.from(head),
  tail: Buffer.from(tail),
  droppedBytes,
});
const asItIs = (text: string): string => text;

const ran = (more: Partial<Ran>): Ran => ({
  ...{ exit: { code: 0, signal: null }, end: "exited", durationMs: 1_234, limits: [], undone: [] },
  ...{ stdout: captured(""), stderr: captured("") },
  ...more,
});

test("a character that lies on the border of what was kept is whole", () => {
  const bytes = Buffer.from("aé");
  const stdout = { head: bytes.subarray(0, 2), tail: bytes.subarray(2), droppedBytes: 0 };
  expect(resultText(ran({ stdout }), 1, asItIs)).toBe(
    "exit code 0 after 1.23 s\nstdout:\naé\nstderr: (empty)",
  );
});

test("long output is cut at lines, and the model is told how to get the rest", () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join("");
  const text = resultText(ran({ stdout: captured(lines) }), 1, asItIs);
  expect(text.length).toBeLessThan(20_400);
  expect(text).toMatch(
    /stdout:\nline 0\n.*\nline \d+\n\[LIMIT_SIZE: the middle of stdout is left out; print less.*\]\nline \d+\n/s,
  );
  expect(text).toMatch(/line 9999\nstderr: \(empty\)$/);
});

test("limits, time and undone files are said with their codes", () => {
  const text = resultText(
    ran({ end: "timeout", limits: ["too much"], undone: ["/w/.git/commondir"] }),
    2_000,
    asItIs,
  );
  expect(text.split("\n").slice(0, 3)).toEqual([
    "LIMIT_TIME: it was ended after 2 s with everything it had started; what it did until then stays",
    "LIMIT_RES: too much",
    'PATH_PROTECTED: "/w/.git/commondir" steers other programs; what it did there was undone',
  ]);
  expect(resultText(ran({ exit: { code: null, signal: "SIGKILL" } }), 1, asItIs)).toMatch(
    /^ended by SIGKILL after/,
  );
});
