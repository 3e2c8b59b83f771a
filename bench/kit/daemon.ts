// The real executable: a copy of dist/goclaw made with a plain copy (a file as the build leaves it is cached in large
// folios and looks 30 MB heavier), and a daemon that is ready when /readyz says so.

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { adopt } from "./child.ts";
import { EXECUTABLE, makeDirectory } from "./place.ts";
import { until } from "./wait.ts";

let installed: string | undefined;

/** The path of the copy; throws when nothing was built. */
export function executable(): string {
  if (installed !== undefined) return installed;
  if (!existsSync(EXECUTABLE)) throw new Error("dist/goclaw is missing: run npm run build first");
  const copy = join(makeDirectory("bin"), "goclaw");
  copyFileSync(EXECUTABLE, copy);
  installed = copy;
  return copy;
}

export function executableMb(): number {
  return statSync(executable()).size / 1e6;
}

export interface Daemon {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
  readonly spawnedAtMs: number;
  /** From spawn to the first 200 of /readyz. */
  readonly readyMs: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const STDERR_TAIL = 2_000;

export async function startDaemon(home: string): Promise<Daemon> {
  const spawnedAtMs = performance.now();
  const child = spawn(executable(), ["--daemon", "--home", home, "--bind", "127.0.0.1:0"], {
    env: { PATH: "", HOME: home },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const pid = child.pid ?? 0;
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL);
  });
  let gone = false;
  const ended = adopt(child).finally(() => {
    gone = true;
  });
  const run = await until("the daemon to announce itself", () => {
    if (gone) throw new Error(`the daemon ended before it was ready:\n${stderr}`);
    return announcement(home, pid);
  });
  const token = readFileSync(join(home, "auth.token"), "utf8").trim();
  await until("/readyz", () => isReady(run.address, token));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  const readyMs = performance.now() - spawnedAtMs;
  const port = Number(run.address.split(":")[1]);
  return { pid, port, token, spawnedAtMs, readyMs, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** Not fetch: its first use would be on the daemon's clock. */
function isReady(address: string, token: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const asked = get(
      `http://${address}/readyz`,
      { headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200 || undefined);
      },
    );
    asked.once("error", () => resolve(undefined));
  });
}

/** What run/daemon.json says, once it is this process that wrote it: an older one survives kill -9. */
function announcement(home: string, pid: number): { readonly address: string } | undefined {
  try {
    const run = JSON.parse(readFileSync(join(home, "run/daemon.json"), "utf8")) as {
      pid: number;
      address: string;
    };
    return run.pid === pid ? run : undefined;
  } catch {
    return undefined;
  }
}

/** Runs one command of the executable to its end; returns how long it took. */
export function timeCommand(args: readonly string[], home: string): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(executable(), args, {
    env: { PATH: "", HOME: home },
    encoding: "utf8",
  });
  const tookMs = performance.now() - startedMs;
  if (status !== 0) throw new Error(`goclaw ${args.join(" ")} ended with ${status}: ${stderr}`);
  return tookMs;
}
