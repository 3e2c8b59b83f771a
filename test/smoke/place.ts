// An empty directory with nothing in it but the executable, and the environment that goes with it.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DEADLINE_MS = 60_000;

export interface Place {
  /** Holds the executable and nothing else; the working directory of every run. */
  readonly directory: string;
  readonly binary: string;
  readonly scratch: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function openPlace(binary: string): Place & { close(): void } {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run \`npm run build\``);
  const root = mkdtempSync(join(tmpdir(), "goclaw-smoke-"));
  const [directory, home, scratch] = ["bin", "home", "tmp"].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [directory, home, scratch]) mkdirSync(folder);
  const copy = join(directory, "goclaw");
  copyFileSync(binary, copy);
  return {
    directory,
    binary: copy,
    scratch,
    env: { PATH: "/nonexistent", HOME: home, TMPDIR: scratch },
    close: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function run(place: Place, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const { status, stdout, stderr, error } = spawnSync(place.binary, args, {
    cwd: place.directory,
    env: { ...place.env, ...env },
    encoding: "utf8",
    timeout: DEADLINE_MS,
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}
