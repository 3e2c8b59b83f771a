// Runs the command line as a user would and returns what it printed and how it ended.

import { spawn } from "node:child_process";
import { cleanEnvironment, programUnderTest } from "./program.ts";
import { within } from "./wait.ts";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one JSON document on stdout. */
  json<T = Record<string, unknown>>(): T;
  /** The JSON lines on stdout. */
  lines<T = Record<string, unknown>>(): T[];
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  /** Where it is started; the caller's when left out. */
  readonly cwd?: string;
}

export async function runCli(
  home: string,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const [command, ...words] = programUnderTest();
  const env = cleanEnvironment(home, options.env);
  const { cwd } = options;
  const child = spawn(command!, [...words, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const code = await within(`the end of goclaw ${args.join(" ")}`, closed, options.deadlineMs ?? 20_000);
    return {
      code,
      stdout,
      stderr,
      json: <T>() => JSON.parse(stdout) as T,
      lines: <T>() =>
        stdout
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as T),
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`${(error as Error).message}\nstdout: ${stdout}\nstderr: ${stderr}`, { cause: error });
  }
}
