// A home with a workspace in it and a secret beside it, for tests of what the file tools reach; removed with the test.

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { FileRoot } from "../../src/domain/act.ts";

export interface Place {
  /** What no tool may reach; holds config.yaml, auth.token and secret.txt. */
  readonly home: string;
  readonly workspace: string;
  readonly outside: string;
  readonly roots: readonly FileRoot[];
  /** Writes a file of the workspace, with its directories; returns its path. */
  put(path: string, content?: string | Uint8Array): string;
  at(path: string): string;
}

export const CANARY = "canary-7f3a: nobody may see this";

/** For tests of thousands of writes, each durable: a disk takes minutes over them. */
export const IN_MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export function makePlace(parent = tmpdir()): Place {
  const top = realpathSync(mkdtempSync(join(parent, "goclaw-place-")));
  onTestFinished(() => rmSync(top, { recursive: true, force: true }));
  const home = join(top, "home");
  const workspace = join(home, "workspace");
  const outside = join(top, "outside");
  for (const directory of [workspace, outside]) mkdirSync(directory, { recursive: true });
  for (const file of [join(home, "config.yaml"), join(home, "auth.token"), join(outside, "secret.txt")])
    writeFileSync(file, CANARY);
  const at = (path: string): string => join(workspace, path);
  return {
    ...{ home, workspace, outside, at, roots: [{ path: workspace, mode: "rw" }] },
    put: (path, content = "text\n") => {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), content);
      return at(path);
    },
  };
}
