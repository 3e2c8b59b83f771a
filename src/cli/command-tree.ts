// Every command as data, from which help, completion scripts and docs/reference/cli.md are made. What a command does is
// in loaders.ts under the same words; a test holds the two against each other.

import { type CommandSpec, JSON_OPTION } from "./command-spec.ts";
import { CONTROL } from "./commands-control.ts";
import { CRON } from "./commands-cron.ts";
import { DAEMON, HOME } from "./commands-home.ts";
import { MCP } from "./commands-mcp.ts";
import { MODELS } from "./commands-models.ts";
import { WORK } from "./commands-work.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

const MORE: readonly CommandSpec[] = [
  {
    name: "codes",
    group: "More:",
    summary: "list every reason and error code",
    options: [JSON_OPTION],
  },
  {
    name: "completion",
    group: "More:",
    summary: "print a completion script for a shell",
    details: 'For bash, for example: eval "$(goclaw completion bash)" in ~/.bashrc.',
    arguments: [{ name: "<shell>", description: "bash, zsh or fish", choices: SHELLS }],
  },
  {
    name: "help",
    group: "More:",
    summary: "explain goclaw or one command",
    arguments: [{ name: "[command...]", description: "the command, such as `task list`" }],
  },
];

export const ROOT: CommandSpec = {
  name: "goclaw",
  summary: "Runs AI agents the way a database runs transactions.",
  details:
    "Without a command: on a terminal an overview, otherwise the daemon in the foreground. Every command takes --home.",
  options: [
    { flags: "--home <dir>", description: "the home directory (default: GOCLAW_HOME or ~/.goclaw)" },
    {
      flags: "--bind <host:port>",
      description: "where a daemon that is started listens; port 0 picks a free one",
    },
    { flags: "--daemon", description: "the same as `goclaw daemon run`" },
    { flags: "--version", description: "print the version" },
  ],
  commands: [...WORK, CRON, ...CONTROL, ...MODELS, ...MCP, ...DAEMON, ...HOME, ...MORE],
};

/** The words of every command that does something: `["task", "list"]`. The root's are empty. */
export function commandPaths(spec: CommandSpec = ROOT, words: readonly string[] = []): string[][] {
  const below = (spec.commands ?? []).flatMap((child) => commandPaths(child, [...words, child.name]));
  return spec.commands === undefined || words.length === 0 ? [[...words], ...below] : below;
}

/** The command that the words name, and the words that lead nowhere. */
export function findSpec(words: readonly string[]): { spec: CommandSpec; found: string[]; rest: string[] } {
  let spec = ROOT;
  const found: string[] = [];
  for (const [index, word] of words.entries()) {
    const child = spec.commands?.find((candidate) => candidate.name === word);
    if (child === undefined) return { spec, found, rest: words.slice(index) };
    spec = child;
    found.push(word);
  }
  return { spec, found, rest: [] };
}
