// A terminal that a command runs in, and what a terminal would make of the bytes: only the sequences that the program
// chooses itself may be among them.

import { spawn } from "node:child_process";
import { cleanEnvironment, programUnderTest } from "./program.ts";
import { within } from "./wait.ts";

export interface TerminalRun {
  readonly code: number | null;
  /** Everything the terminal was sent, both streams. */
  readonly text: string;
}

/** Runs goclaw in a pseudo terminal of the given width, by util-linux's script(1). */
export async function runInTerminal(
  home: string,
  args: readonly string[],
  { columns = 80, env = {} as Readonly<Record<string, string>> } = {},
): Promise<TerminalRun> {
  const quoted = [...programUnderTest(), ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty cols ${columns} rows 24; exec ${quoted.join(" ")}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: { ...cleanEnvironment(home, env), TERM: "xterm-256color", SHELL: "/bin/sh" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const code = await within(`the end of goclaw ${args.join(" ")} in a terminal`, ended, 20_000);
    return { code, text: Buffer.concat(parts).toString("utf8") };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Colours and weights (ECMA-48 SGR), nothing else. */
const CHOSEN = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
/** What moves, hides, reorders, beeps or begins a sequence. A terminal itself makes CR LF of a line feed. */
const ACTS = /[^\P{C}\n\u200c\u200d]|[\u2028\u2029]/gu;

/** What a terminal would act on and the program did not choose, as code points. */
export function foreignControls(text: string): string[] {
  const rest = text.replaceAll("\r\n", "\n").replace(CHOSEN, "");
  return [...rest.matchAll(ACTS)].map(([one]) => `U+${(one.codePointAt(0) ?? 0).toString(16)}`);
}
