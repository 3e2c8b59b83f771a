// No program outlives the daemon that started it: not a stop, not a close, not kill -9 and a new start.

import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Children, openChildren, reapChildren } from "../../../src/sandbox/children.ts";
import { isRunning, killQuietly } from "../../support/processes.ts";
import { until, within } from "../../support/wait.ts";

let run: string;
let directory: string;
let children: Children;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "goclaw-children-"));
  directory = join(run, "children");
  children = openChildren(directory);
});
afterEach(async () => {
  await children.close();
  rmSync(run, { recursive: true, force: true });
});

const env = { PATH: "/usr/bin:/bin" };
const shell = (line: string) =>
  children.start({ name: "test", argv: ["/bin/sh", "-c", line], cwd: "/", env });

/** The pids that a child prints, one a line. */
async function pidsOf(stdout: NodeJS.ReadableStream, count: number): Promise<number[]> {
  const pids: number[] = [];
  createInterface(stdout).on("line", (line) => pids.push(Number(line)));
  await until(`${count} pids`, () => pids.length >= count);
  return pids;
}

test("a child has only the environment it was given, and its mark", async () => {
  const child = await shell("env | sort | cut -d= -f1");
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  expect(await child.exited).toEqual({ code: 0, signal: null });
  await until("all output", () => text.includes("PWD"));
  expect(text.split("\n").filter(Boolean)).toEqual(["GOCLAW_CHILD", "PATH", "PWD"]);
});

test("stop ends a child that ignores SIGTERM, and what left its process group", async () => {
  const child = await shell(
    "trap '' TERM; setsid sh -c 'echo $$; exec sleep 1000' & echo $$; wait; sleep 1000",
  );
  const pids = await pidsOf(child.stdout, 2);
  await child.stop(50);
  expect(pids.filter(isRunning)).toEqual([]);
  expect((await child.exited).signal).toBe("SIGKILL");
});

test("close ends all and leaves no records", async () => {
  const child = await shell("echo $$; exec sleep 1000");
  const pids = await pidsOf(child.stdout, 1);
  expect(existsSync(join(directory, String(child.pid)))).toBe(true);
  await children.close();
  expect(pids.filter(isRunning)).toEqual([]);
  expect(existsSync(directory)).toBe(false);
});

test("a program that does not exist is an error that names it", async () => {
  const start = children.start({ name: "exec", argv: ["/no/such"], cwd: "/", env });
  await expect(start).rejects.toMatchObject({
    code: "EXEC_FAILED",
    message: expect.stringContaining("/no/such"),
  });
  const nul = children.start({ name: "exec", argv: ["/bin/echo", "a\0b"], cwd: "/", env });
  await expect(nul).rejects.toMatchObject({ code: "EXEC_FAILED" });
});

test("after kill -9 the next start kills what is left, wherever it hid", async () => {
  const program = fileURLToPath(new URL("children-crash.ts", import.meta.url));
  const crashed = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const pids = await pidsOf(crashed.stdout, 3);
  try {
    const exited = new Promise((resolve) => crashed.once("exit", resolve));
    crashed.kill("SIGKILL");
    await within("the end of the one that crashes", exited);
    expect(pids.filter(isRunning)).toEqual(pids);
    expect(await reapChildren(directory)).toBeGreaterThanOrEqual(3);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
    expect(await reapChildren(directory)).toBe(0);
  } finally {
    for (const pid of pids) killQuietly(pid);
  }
});

test("a recorded pid that another process has since is left alone", async () => {
  mkdirSync(directory);
  const stranger = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  await new Promise((resolve) => stranger.once("spawn", resolve));
  try {
    writeFileSync(join(directory, String(stranger.pid)), "1");
    expect(await reapChildren(directory)).toBe(0);
    expect(isRunning(stranger.pid!)).toBe(true);
  } finally {
    stranger.kill("SIGKILL");
  }
});

test("descriptors that were left open for this process do not reach its children", async () => {
  const program = fileURLToPath(new URL("children-crash.ts", import.meta.url));
  const secret = join(run, "secret");
  writeFileSync(secret, "canary");
  const script = 'exec 200<"$1"; exec "$2" "$3" "$4"';
  const argv = ["-c", script, "bash", secret, process.execPath, program, directory];
  const crashed = spawn("bash", argv, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const pids = await pidsOf(crashed.stdout, 3);
    for (const pid of pids)
      expect(readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).not.toContain(
        secret,
      );
  } finally {
    crashed.kill("SIGKILL");
    await reapChildren(directory);
  }
});
