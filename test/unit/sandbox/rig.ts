// A real sandbox over a temporary home, and lines of shell run in it.

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChildren } from "../../../src/sandbox/children.ts";
import type { Job, Ran, SandboxSettings } from "../../../src/sandbox/job.ts";
import { createSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { systemClock } from "../../../src/system.ts";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly ran: Ran;
}

export interface SandboxRig {
  readonly home: string;
  readonly workspace: string;
  readonly sandbox: Sandbox;
  run(argv: readonly string[], more?: Partial<Job>): Promise<Ended>;
  sh(line: string, more?: Partial<Job>): Promise<Ended>;
  close(): Promise<void>;
}

/** `named` is another name of a home that is there. */
export function openSandboxRig(settings: Partial<SandboxSettings> = {}, named?: string): SandboxRig {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "goclaw-sandbox-")));
  chmodSync(home, 0o700);
  const workspace = join(home, "workspace");
  mkdirSync(join(home, "run"));
  mkdirSync(workspace);
  const children = openChildren(join(home, "run/children"));
  const sandbox = createSandbox({
    settings: {
      ...{ mode: "bwrap", bwrapPath: undefined, dockerImage: undefined, envNames: [] },
      memoryBytes: 268_435_456,
      ...settings,
    },
    ...{ children, clock: systemClock, home: named ?? home },
  });
  const run: SandboxRig["run"] = async (argv, more = {}) => {
    const ran = await sandbox.run({
      ...{
        argv,
        cwd: workspace,
        stdin: "",
        env: {},
        timeoutMs: 20_000,
        workspace,
        allowUnsandboxed: false,
        barred: [],
      },
      roots: [{ path: workspace, mode: "rw" }],
      signal: new AbortController().signal,
      ...more,
    });
    const text = (stream: Ran["stdout"]): string => Buffer.concat([stream.head, stream.tail]).toString();
    return { code: ran.exit.code, out: text(ran.stdout), err: text(ran.stderr), ran };
  };
  return {
    ...{ home, workspace, sandbox, run },
    sh: (line, more) => run(["sh", "-c", line], more),
    close: async () => {
      await children.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
