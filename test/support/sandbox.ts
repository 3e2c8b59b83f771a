// Sandboxes for tests: one that nothing may ask, for those that run no command; and the question whether this machine
// has a real one.

import { spawnSync } from "node:child_process";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";

/** Fails the test that runs a command without meaning to. */
export const noSandbox: Sandbox = {
  mode: "bwrap",
  run: () => Promise.reject(new Error("this test runs no command")),
  trouble: () => null,
  limitsMemory: () => null,
};

/** True when bubblewrap works here; where it does not, says why the tests that need it are skipped. */
export function hasBwrap(): boolean {
  const tried = spawnSync("bwrap", ["--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "true"]);
  if (tried.status === 0) return true;
  const why = tried.error?.message ?? tried.stderr.toString().trim();
  console.warn(`SKIPPED: the tests of the real sandbox, because bubblewrap does not work here: ${why}`);
  return false;
}
