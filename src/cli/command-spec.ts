// What a command is, as data. Help, completion scripts and docs/reference/cli.md are made from these shapes.

export interface OptionSpec {
  /** As commander takes it: `--limit <n>`. */
  readonly flags: string;
  readonly description: string;
  /** `before` is what an earlier use of the same option gave. */
  readonly parse?: (text: string, before: unknown) => unknown;
  readonly choices?: readonly string[];
}

export interface ArgumentSpec {
  /** `<id>` is required, `[id]` is not, `…...` takes several. */
  readonly name: string;
  readonly description: string;
  readonly choices?: readonly string[];
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** More than the summary, for `goclaw help NAME` and the reference. */
  readonly details?: string;
  readonly group?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly commands?: readonly CommandSpec[];
}

export const JSON_OPTION: OptionSpec = { flags: "--json", description: "print JSON and nothing else" };
