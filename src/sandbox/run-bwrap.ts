// Runs a command inside bubblewrap: raises the shields, enters a control group where there can be one, and reads from
// bubblewrap's own report whether the command ran at all.

import { GoclawError } from "../domain/error.ts";
import { coverBarred, withBarred } from "./barred.ts";
import { wrap } from "./bwrap.ts";
import type { Captured } from "./capture.ts";
import type { Hits, Pen } from "./cgroup.ts";
import type { FedChild } from "./children.ts";
import { findBwrap } from "./find-bwrap.ts";
import { type Followed, follow } from "./follow.ts";
import type { Bench, Order, Ran, Runner } from "./job.ts";
import { limitedArgv } from "./limits.ts";
import { limitsHit } from "./limits-hit.ts";
import { seccompProgram } from "./seccomp.ts";
import { raiseOver, type Shield } from "./shield.ts";

/** Of the programs that make the sandbox; what runs inside has its own. */
const OUTER_ENV = { PATH: "/usr/local/bin:/usr/bin:/bin" };
/** Goes through the doors of a pen and becomes the program. */
const ENTER =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1" || exit 125; shift; n=$((n-1)); done; exec "$@"';

export const runWrapped: Runner = async (bench, order) => {
  const program = findBwrap(bench.settings.bwrapPath);
  if (program === undefined)
    throw unavailable(`${bench.settings.bwrapPath ?? "bubblewrap"} is not installed`);
  const pen = bench.openPen();
  const shield = await raiseOver(bench.shields, order.roots, bench.home).catch((error: unknown) => {
    void pen?.remove();
    throw error;
  });
  let undone: readonly string[] = [];
  let followed: Followed;
  let hits: Hits | undefined;
  try {
    followed = await start(bench, order, program, shield, pen);
    hits = pen?.hits();
  } finally {
    undone = shield.release();
    void pen?.remove();
  }
  return toRan(followed, undone, hits);
};

async function start(
  { children, clock, home, emptyFile }: Bench,
  order: Order,
  program: string,
  { covers, placed }: Shield,
  pen: Pen | undefined,
): Promise<Followed> {
  const { argv, cwd, fullEnv, roots, barred, stdin, timeoutMs, signal } = order;
  const { args, inputs } = wrap({
    ...{ argv: limitedArgv(argv), cwd, env: fullEnv, roots, home, emptyFile },
    ...{ covers: withBarred(covers, coverBarred(roots, barred)), placed },
    seccomp: seccompProgram(process.arch),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  });
  const doors = pen?.doors ?? [];
  const child = await children.startFed(
    {
      name: "exec",
      argv: ["/bin/sh", "-c", ENTER, "sh", String(doors.length), ...doors, program, ...args],
      cwd: "/",
      env: OUTER_ENV,
      inputs,
      hasReport: true,
    },
    stdin,
  );
  return follow({ ...{ child, timeoutMs, signal, clock }, ask: (report) => askInside(child, report) });
}

/** The command and all in its group; the first process of the sandbox, which is in it too, does not listen. */
function askInside(child: FedChild, report: string): void {
  const inner = Number(/"child-pid"\s*:\s*(\d+)/.exec(report)?.[1]);
  try {
    if (inner > 1) process.kill(-inner, "SIGTERM");
    else process.kill(-child.pid, "SIGTERM");
  } catch {
    // gone, or not that far yet: what comes next does not ask
  }
}

function toRan({ report, ...followed }: Followed, undone: readonly string[], hits: Hits | undefined): Ran {
  // For want of memory the kernel may end bubblewrap itself, and with it the command.
  if (followed.end === "exited" && !report.includes('"exit-code"') && hits?.memory !== true) {
    throw unavailable(
      firstLine(followed.stderr) || `it ended with ${followed.exit.code ?? followed.exit.signal}`,
    );
  }
  return { ...followed, undone, limits: limitsHit(followed.exit, hits) };
}

function firstLine({ head }: Captured): string {
  return head.toString("utf8").split("\n")[0] ?? "";
}

function unavailable(why: string): GoclawError {
  return new GoclawError(
    "SANDBOX_UNAVAILABLE",
    `no command can run: bubblewrap makes no sandbox on this machine (${why}); the operator must install the package ` +
      "bubblewrap and allow unprivileged user namespaces, or set tools.shell.sandbox in config.yaml",
  );
}
