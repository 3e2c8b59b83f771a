// `goclaw help [command]`: the same text as `--help`.

import { EXIT } from "../domain/error.ts";
import { nearest } from "../domain/nearest.ts";
import { findSpec } from "./command-tree.ts";
import { buildCommander } from "./commander-tree.ts";
import type { Context } from "./context.ts";
import { UsageError } from "./usage-error.ts";

export async function help({ stdout }: Context, words: readonly string[]): Promise<number> {
  const { spec, found, rest } = findSpec(words);
  const [unknown] = rest;
  if (unknown !== undefined) {
    const names = (spec.commands ?? []).map((child) => child.name);
    const near = nearest(unknown, names);
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    throw new UsageError(`there is no command ${JSON.stringify(words.join(" "))}${hint}`, found);
  }
  let command = buildCommander(async () => {}, stdout);
  for (const word of found) {
    command = command.commands.find((candidate) => candidate.name() === word) ?? command;
  }
  stdout.write(command.helpInformation());
  return EXIT.ok;
}
