// docs/reference/cli.md: every command with its arguments and options, from the table that the program is built from.

import type { CommandSpec } from "../../src/cli/command-spec.ts";
import { commandPaths, findSpec, ROOT } from "../../src/cli/command-tree.ts";
import { code, page, table } from "./markdown.ts";

const INTRO =
  "`goclaw help COMMAND` prints the same. Where a command has `--json`, standard output holds one JSON document, or one " +
  "JSON document a line, and nothing else; messages go to standard error. Text from outside is printed so that it cannot " +
  "control a terminal; only the answer of `goclaw run` is passed on as it is when standard output is not a terminal. " +
  "Colours appear on a terminal only, and never when `NO_COLOR` is set. Exit codes are in [codes](codes.md#exit-codes).";

function section(words: readonly string[]): string[] {
  const { spec } = findSpec(words);
  const usage = ["goclaw", ...words, ...(spec.arguments ?? []).map((argument) => argument.name)];
  if (spec.options !== undefined) usage.push("[options]");
  const blocks = [`## ${code(["goclaw", ...words].join(" "))}`, code(usage.join(" ")), sentence(spec)];
  const rows = [
    ...(spec.arguments ?? []).map(({ name, description }) => [code(name), description]),
    ...(spec.options ?? []).map((option) => [
      code(option.flags),
      option.choices === undefined
        ? option.description
        : `${option.description}: ${option.choices.map(code).join(" ")}`,
    ]),
  ];
  return rows.length === 0 ? blocks : [...blocks, table(["word", "meaning"], rows)];
}

function sentence({ summary, details }: CommandSpec): string {
  const first = `${summary.charAt(0).toUpperCase()}${summary.slice(1).replace(/\.$/, "")}.`;
  return details === undefined ? first : `${first} ${details}`;
}

export function cliPage(): string {
  const paths = [[], ...commandPaths(ROOT).filter((words) => words.length > 0)];
  return page("Command line", "src/cli/command-tree.ts", [INTRO, ...paths.flatMap(section)]);
}
