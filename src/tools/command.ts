// What exec and shell have in common: their other parameters, where a command runs, and what becomes of its end.

import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { barredPaths, openRoots } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import { isWithin } from "../sandbox/bwrap.ts";
import { clampTimeoutMs, LIMITS } from "../sandbox/limits.ts";
import { resultText } from "./command-text.ts";
import { findExecutable } from "./executable.ts";
import type { Args, ToolContext, ToolOutcome } from "./tool.ts";

export const COMMAND_PARAMS = {
  cwd: { type: "string", maxLength: 4_096, description: "Working directory; the workspace when left out." },
  stdin: { type: "string", maxLength: 1_000_000, description: "Given to the program as standard input." },
  env: {
    type: "object",
    maxProperties: 50,
    additionalProperties: { type: "string", maxLength: 10_000, pattern: "^[^\\u0000]*$" },
    description: "More environment variables, such as LANG, TZ, CI or GIT_AUTHOR_NAME.",
  },
  timeout_sec: {
    type: "number",
    exclusiveMinimum: 0,
    description: `Seconds until it is ended: ${LIMITS.timeoutMs / 1_000} when left out, at most ${LIMITS.timeoutMsMax / 1_000}.`,
  },
} as const;

/** A command as its arguments say it, with what they leave out. */
export interface Asked {
  readonly cwd: string;
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Throws PATH_OUTSIDE when the working directory is not in what the policy opens. */
export function readAsked(args: Args, { workspace, grant }: ToolContext): Asked {
  return {
    cwd: realCwd(
      workspace,
      String(args.cwd ?? "."),
      openRoots(grant.roots).map(({ path }) => path),
    ),
    stdin: String(args.stdin ?? ""),
    env: (args.env ?? {}) as Record<string, string>,
    timeoutMs: clampTimeoutMs(args.timeout_sec as number | undefined),
  };
}

export async function runCommand(
  argv: readonly string[],
  args: Args,
  context: ToolContext,
): Promise<ToolOutcome> {
  const { workspace, grant, sandbox, signal } = context;
  try {
    const asked = readAsked(args, context);
    if (sandbox.mode !== "docker") findExecutable(argv[0] ?? "", asked.cwd);
    const ran = await sandbox.run({
      ...{ argv, ...asked, workspace, signal },
      roots: openRoots(grant.roots),
      barred: barredPaths(grant.roots),
      allowUnsandboxed: grant.allowUnsandboxedExec,
    });
    const text = resultText(ran, asked.timeoutMs, context.redact);
    return ran.end === "exited" ? { type: "done", text } : { type: "failed", text };
  } catch (error) {
    if (error instanceof GoclawError) return { type: "failed", text: `${error.code}: ${error.message}` };
    throw error;
  }
}

function realCwd(workspace: string, asked: string, roots: readonly string[]): string {
  const cwd = realpathOf(resolve(workspace, asked));
  if (cwd === undefined || !roots.some((root) => isWithin(cwd, realpathOf(root) ?? root))) {
    throw new GoclawError(
      "PATH_OUTSIDE",
      `the working directory ${JSON.stringify(asked)} is not a directory of the workspace or of what the policy opens; ` +
        "create it first, or leave cwd out",
    );
  }
  return cwd;
}

function realpathOf(path: string): string | undefined {
  try {
    const real = realpathSync(path);
    return statSync(real).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}
