// The daemon of the executable: comes up on a free port, says so in run/daemon.json, answers, and stops when asked.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until, within } from "../support/wait.ts";
import type { Place } from "./place.ts";

export async function checkDaemon(place: Place, version: string): Promise<void> {
  const home = join(place.env.HOME ?? "", "daemon-home");
  const runFile = join(home, "run/daemon.json");
  const child = spawn(place.binary, ["daemon", "run", "--home", home, "--bind", "127.0.0.1:0"], {
    cwd: place.directory,
    env: place.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    const run = await until("run/daemon.json", () => {
      assert.equal(child.exitCode, null, "the daemon ended early");
      return existsSync(runFile) ? (JSON.parse(readFileSync(runFile, "utf8")) as RunFile) : undefined;
    });
    assert.equal(run.pid, child.pid);
    assert.equal(run.version, version);
    const answer = await fetch(`http://${run.address}/livez`);
    assert.equal(answer.status, 200);
    child.kill("SIGTERM");
    assert.equal(await within("the end after SIGTERM", ended, 30_000), 0);
    assert.equal(existsSync(runFile), false, "run/daemon.json outlives a clean stop");
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`${(error as Error).message}\n${log}`, { cause: error });
  }
}

interface RunFile {
  readonly pid: number;
  readonly address: string;
  readonly version: string;
}
