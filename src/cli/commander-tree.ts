// Builds commander's commands from the command tree. Commander parses and formats help; it prints nothing and ends
// nothing by itself: what it has to say comes out as a CommanderError.

import { Argument, Command, Option } from "commander";
import { nearest } from "../domain/nearest.ts";
import type { ArgumentSpec, CommandSpec, OptionSpec } from "./command-spec.ts";
import { ROOT } from "./command-tree.ts";
import { UsageError } from "./usage-error.ts";

export type Act = (
  words: readonly string[],
  args: readonly string[],
  options: Record<string, unknown>,
) => Promise<void>;

export interface HelpOutput {
  readonly write: (text: string) => void;
  readonly columns: number | undefined;
}

const HELP_COLUMNS = 100;

export function buildCommander(act: Act, { write, columns = HELP_COLUMNS }: HelpOutput): Command {
  const root = new Command(ROOT.name);
  root.exitOverride();
  root.configureOutput({
    writeOut: write,
    writeErr: () => {},
    outputError: () => {},
    getOutHelpWidth: () => Math.min(columns, HELP_COLUMNS),
    getErrHelpWidth: () => Math.min(columns, HELP_COLUMNS),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  fill(root, ROOT, [], act);
  return root;
}

function fill(command: Command, spec: CommandSpec, words: readonly string[], act: Act): void {
  command
    .description(
      [`${capital(spec.summary)}.`, ...(spec.details === undefined ? [] : [spec.details])].join(" "),
    )
    .summary(spec.summary);
  command.helpOption("-h, --help", "explain the command").helpCommand(false);
  if (words.length === 0) command.description(`${spec.summary} ${spec.details ?? ""}`);
  if (spec.group !== undefined) command.helpGroup(spec.group);
  for (const option of spec.options ?? []) command.addOption(toOption(option));
  for (const argument of spec.arguments ?? []) command.addArgument(toArgument(argument));
  for (const child of spec.commands ?? []) {
    const below = command.command(child.name);
    fill(below, child, [...words, child.name], act);
  }
  if (spec.commands !== undefined) command.allowExcessArguments();
  command.action(async () => {
    const [word] = command.args;
    if (spec.commands !== undefined && word !== undefined) throw unknownWord(word, spec, words);
    if (spec.commands !== undefined && words.length > 0) throw missingWord(spec, words);
    await act(words, command.args, command.optsWithGlobals());
  });
}

function toOption({ flags, description, parse, choices }: OptionSpec): Option {
  const option = new Option(flags, description);
  // The choices are in the help only: commander's own parser for them knows no upper and lower case.
  if (choices !== undefined) option.description = `${description} (${choices.join(", ")})`;
  return parse === undefined
    ? option
    : option.argParser((text: string, before: unknown) => parse(text, before));
}

function toArgument({ name, description, choices }: ArgumentSpec): Argument {
  const argument = new Argument(name, description);
  return choices === undefined ? argument : argument.choices(choices);
}

function unknownWord(word: string, spec: CommandSpec, words: readonly string[]): UsageError {
  const names = (spec.commands ?? []).map((child) => child.name);
  const near = nearest(word, names);
  const hint = near === undefined ? `there are: ${names.join(", ")}` : `did you mean ${near}?`;
  return new UsageError(`unknown command ${JSON.stringify([...words, word].join(" "))}; ${hint}`, words);
}

function missingWord(spec: CommandSpec, words: readonly string[]): UsageError {
  const names = (spec.commands ?? []).map((child) => child.name).join(", ");
  return new UsageError(`say what to do with ${words.join(" ")}: ${names}`, words);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
