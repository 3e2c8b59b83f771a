// `goclaw completion SHELL`: scripts made from the command tree, so they know every command, option and choice there is.

import { EXIT } from "../domain/error.ts";
import type { CommandSpec } from "./command-spec.ts";
import { ROOT } from "./command-tree.ts";
import type { Context } from "./context.ts";

export async function completion({ stdout }: Context, [shell = ""]: readonly string[]): Promise<number> {
  const scripts: Record<string, () => string> = { bash, zsh, fish };
  stdout.write(scripts[shell]?.() ?? "");
  return EXIT.ok;
}

interface Place {
  /** Words before the one to complete, without options: `task list`. */
  readonly words: string;
  readonly commands: readonly CommandSpec[];
  readonly options: readonly {
    readonly name: string;
    readonly description: string;
    readonly value: boolean;
    /** The words it takes, when it takes only these. */
    readonly choices: readonly string[];
  }[];
  readonly values: readonly string[];
}

function places(spec: CommandSpec = ROOT, words: readonly string[] = []): Place[] {
  const own = [...(spec.options ?? []), ...(words.length === 0 ? [] : globalOptions())];
  const options = own.map(({ flags, description, choices = [] }) => {
    const [name = "", value] = flags.split(" ");
    return { name, description, value: value !== undefined, choices };
  });
  const place: Place = {
    words: words.join(" "),
    commands: spec.commands ?? [],
    options: [...options, { name: "--help", description: "explain the command", value: false, choices: [] }],
    values: spec.name === "help" ? (ROOT.commands ?? []).map((child) => child.name) : valuesOf(spec),
  };
  return [place, ...place.commands.flatMap((child) => places(child, [...words, child.name]))];
}

function globalOptions() {
  return (ROOT.options ?? []).filter(({ flags }) => flags.includes("<"));
}

function valuesOf(spec: CommandSpec): readonly string[] {
  return spec.arguments?.flatMap((argument) => argument.choices ?? []) ?? [];
}

/** Every option that takes a value: the word after it is not a command. */
function valueOptions(): string[] {
  const names = places().flatMap((place) => place.options.filter((option) => option.value));
  return [...new Set(names.map((option) => option.name))];
}

/** For bash and zsh: what follows an option that takes only certain words. */
function choiceCases(assign: (choices: readonly string[]) => string): string {
  const cases = places().flatMap(({ words, options }) =>
    options.flatMap(({ name, choices }) =>
      choices.length === 0 ? [] : [`    "${words} ${name}") ${assign(choices)} ;;`],
    ),
  );
  return cases.join("\n");
}

function bash(): string {
  const cases = places().map(({ words, commands, options, values }) => {
    const all = [
      ...commands.map((command) => command.name),
      ...values,
      ...options.map((option) => option.name),
    ];
    return `    "${words}") candidates="${all.join(" ")}" ;;`;
  });
  return `# bash completion for goclaw: eval "$(goclaw completion bash)"
_goclaw() {
  local words="" candidates="" word index skip=""
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ -n "$skip" ]]; then skip=""; continue; fi
    case "$word" in
      ${valueOptions().join("|")}) skip="$word" ;;
      -*) ;;
      *) words="\${words:+$words }$word" ;;
    esac
  done
  if [[ -n "$skip" ]]; then case "$words $skip" in
${choiceCases((choices) => `candidates="${choices.join(" ")}"`)}
    *) COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); return ;;
  esac; else case "$words" in
${cases.join("\n")}
  esac; fi
  COMPREPLY=($(compgen -W "$candidates" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _goclaw goclaw
`;
}

function zsh(): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''").replaceAll(":", "\\:")}'`;
  const item = (name: string, description: string): string =>
    `${quote(name).slice(0, -1)}:${quote(description).slice(1)}`;
  const cases = places().map(({ words, commands, options, values }) => {
    const items = [
      ...commands.map((command) => item(command.name, command.summary)),
      ...values.map((value) => item(value, "")),
      ...options.map((option) => item(option.name, option.description)),
    ];
    return `    "${words}") candidates=(${items.join(" ")}) ;;`;
  });
  return `#compdef goclaw
# zsh completion for goclaw: eval "$(goclaw completion zsh)" after compinit
_goclaw() {
  local -a candidates
  local line="" word skip="" index
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    if [[ -n "$skip" ]]; then skip=""; continue; fi
    case "$word" in
      ${valueOptions().join("|")}) skip="$word" ;;
      -*) ;;
      *) line="\${line:+$line }$word" ;;
    esac
  done
  if [[ -n "$skip" ]]; then case "$line $skip" in
${choiceCases((choices) => `candidates=(${choices.map(quote).join(" ")})`)}
    *) _files; return ;;
  esac; else case "$line" in
${cases.join("\n")}
  esac; fi
  _describe goclaw candidates
}
if [[ "\${funcstack[1]}" = "_goclaw" ]]; then _goclaw "$@"; else compdef _goclaw goclaw; fi
`;
}

function fish(): string {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const taking = ({ value, choices }: Place["options"][number]): string => {
    if (choices.length > 0) return ` -x -a ${quote(choices.join(" "))}`;
    return value ? " -r" : "";
  };
  const lines = places().flatMap(({ words, commands, options, values }) => {
    const when = `-n "__goclaw_after ${quote(words)}"`;
    return [
      ...commands.map(
        (command) => `complete -c goclaw -f ${when} -a ${command.name} -d ${quote(command.summary)}`,
      ),
      ...values.map((value) => `complete -c goclaw -f ${when} -a ${value}`),
      ...options.map(
        (option) =>
          `complete -c goclaw ${when} -l ${option.name.slice(2)}${taking(option)} -d ${quote(option.description)}`,
      ),
    ];
  });
  return `# fish completion for goclaw: goclaw completion fish | source
function __goclaw_after
  set -l skip ""
  set -l found
  for word in (commandline -opc)[2..]
    if test -n "$skip"
      set skip ""
      continue
    end
    switch $word
      case ${valueOptions().join(" ")}
        set skip 1
      case '-*'
      case '*'
        set -a found $word
    end
  end
  test "$found" = "$argv"
end
complete -c goclaw -f
${lines.join("\n")}
`;
}
