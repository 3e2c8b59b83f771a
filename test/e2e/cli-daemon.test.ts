// `goclaw daemon …` and `goclaw status`: start in the background, see it, stop it with a drain.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { readRunFile } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let started: number | undefined;
afterEach(async () => {
  if (started !== undefined && isAlive(started)) process.kill(started, "SIGKILL");
  started = undefined;
  await rig.close();
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("start returns when the daemon is ready; status knows it; stop ends it", async () => {
  rig = await createRig();
  expect((await runCli(rig.home, ["daemon", "status"])).code).toBe(1);
  const start = await runCli(rig.home, ["daemon", "start"]);
  const run = readRunFile(rig.home);
  started = run?.pid;
  expect([start.code, isAlive(started!)], start.stderr).toEqual([0, true]);
  expect(start.stdout).toContain(run?.address);
  const status = await runCli(rig.home, ["daemon", "status"]);
  expect(status.code).toBe(0);
  expect(status.stdout).toContain(String(started));

  expect((await runCli(rig.home, ["run", "task s"])).stdout.trim()).toBe("done s");
  const again = await runCli(rig.home, ["daemon", "start"]);
  expect([0, 73]).toContain(again.code);
  expect(readRunFile(rig.home)).toEqual(run);

  expect((await runCli(rig.home, ["daemon", "stop"])).code).toBe(0);
  await until("the daemon to be gone", () => !isAlive(started!));
  expect(existsSync(join(rig.home, "run/daemon.json"))).toBe(false);
  expect((await runCli(rig.home, ["daemon", "stop"])).code).toBe(1);
});

test("start passes on why a daemon does not start", async () => {
  rig = await createRig({ config: { worker_cuont: 1 } });
  const { code, stderr } = await runCli(rig.home, ["daemon", "start"]);
  expect(code).toBe(77);
  expect(stderr).toContain("worker_count");
});

test("[SCOPE-002] start beside a foreground daemon names its pid", async () => {
  rig = await createRig();
  const daemon = await rig.start();
  const second = await runCli(rig.home, ["daemon", "run"]);
  expect(second.code).toBe(73);
  expect(second.stderr).toContain(String(daemon.run.pid));
});

test("status counts the tasks, as words and as JSON, and says when nobody is there", async () => {
  rig = await createRig();
  const daemon = await rig.start();
  await submit(daemon.client, "task counted gate=busy");
  await rig.stub.reached("busy");
  const words = await runCli(rig.home, ["status"]);
  expect(words.code).toBe(0);
  expect(words.stdout).toContain(daemon.run.address);
  const status = (await runCli(rig.home, ["status", "--json"])).json();
  expect(status).toMatchObject({
    running: true,
    pid: daemon.run.pid,
    queue: { queued: 0, running: 1, dead_letter: 0 },
    lanes: { total: 4, busy: 1 },
  });
  rig.stub.open("busy");
  await daemon.stop();
  const gone = await runCli(rig.home, ["status"]);
  expect(gone.code).toBe(1);
  expect(gone.stderr + gone.stdout).toMatch(/no daemon|not running/i);
});

test("a stale run file of a killed daemon fools nobody", async () => {
  rig = await createRig();
  const daemon = await rig.start();
  await daemon.kill();
  expect(existsSync(join(rig.home, "run/daemon.json"))).toBe(true);
  expect((await runCli(rig.home, ["status"])).code).toBe(1);
  const { code, stdout } = await runCli(rig.home, ["run", "task stale"]);
  expect([code, stdout.trim()]).toEqual([0, "done stale"]);
});
