// Finds the daemon that owns a home. run/daemon.json may be left over from a killed one, so it counts only when its
// process lives and the address answers; nothing secret is sent before that.

import { readFileSync } from "node:fs";
import type { Paths } from "../config/paths.ts";
import { readToken } from "../config/token.ts";
import { type Api, createApi, probe } from "./api.ts";

/** run/daemon.json (CONTRACT section 6). */
export interface RunFile {
  readonly pid: number;
  readonly address: string;
  readonly version: string;
  readonly boot_id: string;
  readonly started_at: string;
}

const PROBE_TIMEOUT_MS = 2_000;

/** What run/daemon.json says; undefined when there is none or it is not whole. */
export function readRunFile(paths: Paths): RunFile | undefined {
  try {
    const run = JSON.parse(readFileSync(paths.daemonJson, "utf8")) as Partial<RunFile>;
    const whole = Number.isSafeInteger(run.pid) && typeof run.address === "string";
    return whole ? (run as RunFile) : undefined;
  } catch {
    return undefined;
  }
}

/** The daemon that answers for this home; undefined when none does. */
export async function findDaemon(paths: Paths): Promise<RunFile | undefined> {
  const run = readRunFile(paths);
  if (run === undefined || !isAlive(run.pid)) return undefined;
  const answer = await probe(run.address, "/livez", PROBE_TIMEOUT_MS);
  return answer?.status === 200 ? run : undefined;
}

export function apiOf(paths: Paths, address: string): Api {
  return createApi(address, () => readToken(paths));
}

/** True while the process exists and has not ended: one that waits to be collected by its parent has. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
