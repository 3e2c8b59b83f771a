// `shell`: runs one line as `sh -c`, in the sandbox. A capability of its own: what a line does cannot be told from its
// words, so the policy judges it as the program sh.

import { COMMAND_PARAMS, runCommand } from "./command.ts";
import { describeCommand } from "./command-act.ts";
import type { Args, Tool } from "./tool.ts";

export const shell: Tool = {
  name: "shell",
  description:
    "Runs a line of POSIX shell in a sandbox and returns its exit code, stdout and stderr: for pipes, redirections and " +
    'several commands. Prefer exec for a single program. Example: {"command": "grep -rl main src | wc -l"}. No profile ' +
    "or rc file is read. The sandbox is that of exec: the workspace and the programs of /usr, no network.",
  params: {
    type: "object",
    properties: {
      command: {
        type: "string",
        minLength: 1,
        maxLength: 100_000,
        pattern: "^[^\\u0000]*$",
        description: "The line, as for sh -c.",
      },
      ...COMMAND_PARAMS,
    },
    required: ["command"],
    additionalProperties: false,
  },
  effectClass: "once",
  resource: (args) => String(args.command).slice(0, 500),
  touches: (args) => [{ command: argvOf(args), path: { path: String(args.cwd ?? "."), mode: "rw" } }],
  yields: ["untrusted", "private"],
  exactAct: (args, context) => describeCommand("shell", argvOf(args), args, context),
  run: (args, context) => runCommand(argvOf(args), args, context),
};

function argvOf(args: Args): readonly string[] {
  return ["sh", "-c", String(args.command)];
}
