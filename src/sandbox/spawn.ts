// Starts programs for tools and for MCP servers: the only caller of the operating system's spawn. A program gets a
// session and process group of its own, exactly the environment it is handed, pipes, and no shell.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
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
  /** Gives the program one more descriptor, behind those of `inputs`, to report on. */
  readonly hasReport?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Process {
  readonly pid: number;
  /** Null when it was handed a descriptor. */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly report: Readable | undefined;
  /** The program itself has ended; others may still hold its pipes. */
  readonly exited: Promise<Exit>;
}

/** With `stdinFd` as its standard input, else a pipe. Resolves once the program runs; throws EXEC_FAILED when it cannot be started. */
export async function launch(asked: Launch, stdinFd?: number): Promise<Process> {
  const { name, argv, cwd, env, inputs = [], hasReport = false } = asked;
  const [file, ...args] = argv;
  const child = open(name, file, args, {
    cwd,
    env,
    detached: true,
    stdio: stdioOf(stdinFd ?? "pipe", inputs.length + (hasReport ? 1 : 0)),
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
  if (pid === undefined || stdout === null || stderr === null) {
    throw new Error(`${file} was started without its pipes`);
  }
  const report = hasReport ? (child.stdio[inputs.length + 3] as Readable) : undefined;
  return { pid, stdin, stdout, stderr, report, exited };
}

/** Three streams, then `pipes` more; what is left over from this process's own start is covered with nothing. */
function stdioOf(stdin: number | "pipe", pipes: number): StdioOptions {
  inherited ??= findInherited();
  const stdio: ("pipe" | "ignore" | number)[] = [stdin, "pipe", "pipe", ...Array<"pipe">(pipes).fill("pipe")];
  for (const descriptor of inherited.descriptors) {
    while (stdio.length <= descriptor) stdio.push("ignore");
    if (descriptor >= 3 + pipes) stdio[descriptor] = inherited.nothing;
  }
  return stdio;
}

interface Inherited {
  readonly descriptors: readonly number[];
  /** /dev/null, opened when there is something to cover. */
  readonly nothing: number;
}

let inherited: Inherited | undefined;
const O_CLOEXEC = 0o2000000;

/** Whoever started this process may have left descriptors open that every program it starts would have too. */
function findInherited(): Inherited {
  const descriptors = listDescriptors().filter((descriptor) => descriptor > 2 && isInheritable(descriptor));
  return { descriptors, nothing: descriptors.length === 0 ? -1 : openSync("/dev/null", "r") };
}

function listDescriptors(): number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return [];
  }
}

function isInheritable(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1];
    return (Number.parseInt(flags ?? "", 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // it was the one for this look
  }
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
