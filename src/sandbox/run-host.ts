// Runs a command as a plain program of this machine, with a clean environment and limits but without walls: only when
// config.yaml and the policy both say so.

import { GoclawError } from "../domain/error.ts";
import { follow } from "./follow.ts";
import type { Runner } from "./job.ts";
import { limitedArgv } from "./limits.ts";
import { limitsHit } from "./limits-hit.ts";

export const runPlain: Runner = async ({ children, clock }, order) => {
  if (!order.allowUnsandboxed) {
    throw new GoclawError(
      "SANDBOX_DENIED",
      "tools.shell.sandbox is host, but the policy does not say allow_unsandboxed_exec: true; without it no command " +
        "runs outside a sandbox",
    );
  }
  const { argv, cwd, fullEnv, stdin, timeoutMs, signal } = order;
  const child = await children.startFed({ name: "exec", argv: limitedArgv(argv), cwd, env: fullEnv }, stdin);
  const ask = (): void => {
    try {
      process.kill(-child.pid, "SIGTERM");
    } catch {
      // gone
    }
  };
  try {
    const { report: _, ...followed } = await follow({ child, timeoutMs, signal, clock, ask });
    return { ...followed, undone: [], limits: limitsHit(followed.exit, undefined) };
  } finally {
    await child.stop(0); // whatever it left in the background
  }
};
