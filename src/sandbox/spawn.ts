// Starts programs for tools and for MCP servers: the only caller of the operating system's spawn. A program gets a
// session and process group of its own, exactly the environment it is handed, pipes, and no shell.

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { GoclawError, messageOf } from "../domain/error.ts";

export interface Launch {
  /** What it is for, in messages and records: `exec`, `mcp files`. */
  readonly name: string;
  /** The program, absolute or looked up on the PATH of `env`, and its arguments. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Read by the program from the descriptors 3, 4, … to their end. */
  readonly inputs?: readonly Uint8Array[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Process {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The program itself has ended; others may still hold its pipes. */
  readonly exited: Promise<Exit>;
}

/** Resolves once the program runs; throws EXEC_FAILED when it cannot be started. */
export async function launch({ name, argv, cwd, env, inputs = [] }: Launch): Promise<Process> {
  const [file, ...args] = argv;
  const child = open(name, file, args, {
    cwd,
    env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe", ...inputs.map(() => "pipe" as const)],
  });
  const exited = new Promise<Exit>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  // A program may end without reading what it is sent; its exit says how it went.
  for (const stream of child.stdio) stream?.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(failed(name, file, error)));
  });
  // Later ones come from signals that could not be sent; whoever sends them looks at the exit instead.
  child.on("error", () => {});
  for (const [index, bytes] of inputs.entries()) (child.stdio[index + 3] as Writable).end(bytes);
  const { pid, stdin, stdout, stderr } = child;
  if (pid === undefined || stdin === null || stdout === null || stderr === null) {
    throw new Error(`${file} was started without its pipes`);
  }
  return { pid, stdin, stdout, stderr, exited };
}

function open(
  name: string,
  file: string,
  args: readonly string[],
  options: Parameters<typeof spawn>[2],
): ChildProcess {
  try {
    return spawn(file, args, options);
  } catch (error) {
    throw failed(name, file, error); // a NUL byte, or too many arguments
  }
}

function failed(name: string, file: string, error: unknown): GoclawError {
  const message = `${name}: ${JSON.stringify(file)} could not be started: ${messageOf(error)}`;
  return new GoclawError("EXEC_FAILED", message, { cause: error });
}
