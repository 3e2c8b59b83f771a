// `exec`: runs one program with its arguments, in the sandbox. There is no shell: every argument reaches the program as
// it is written. Once: what a command does cannot be known from outside, so it is never repeated blindly.

import { COMMAND_PARAMS, runCommand } from "./command.ts";
import { describeCommand } from "./command-act.ts";
import { commandLine } from "./command-text.ts";
import type { Args, Tool } from "./tool.ts";

export const exec: Tool = {
  name: "exec",
  description:
    "Runs a program with arguments in a sandbox and returns its exit code, stdout and stderr. No shell reads the " +
    'arguments: *, ~, $NAME, | and > are plain characters (use the tool shell where you need them). Example: {"argv": ' +
    '["git", "log", "-n", "3"]}. It sees the workspace and the programs of /usr, has no network, and is ended with ' +
    "everything it started after timeout_sec. .git/hooks, .git/config and files that configure editors, shells and " +
    "agents cannot be written; files of secrets such as .env are empty.",
  params: {
    type: "object",
    properties: {
      argv: {
        type: "array",
        minItems: 1,
        maxItems: 1_000,
        items: { type: "string", maxLength: 100_000, pattern: "^[^\\u0000]*$" },
        description: "The program and its arguments, one by one.",
      },
      ...COMMAND_PARAMS,
    },
    required: ["argv"],
    additionalProperties: false,
  },
  effectClass: "once",
  resource: (args) => commandLine(argvOf(args)),
  touches: (args) => [{ command: argvOf(args), path: { path: String(args.cwd ?? "."), mode: "rw" } }],
  // What it prints may come from any file it can read, whoever wrote that.
  yields: ["untrusted", "private"],
  exactAct: (args, context) => describeCommand("exec", argvOf(args), args, context),
  run: (args, context) => runCommand(argvOf(args), args, context),
};

function argvOf(args: Args): readonly string[] {
  return args.argv as readonly string[];
}
