// A cassette: recorded answers of a model that the replay provider plays, found by prompt and turn.

/** docs/reference/cassettes.md describes the file. */
export interface Cassette {
  readonly cassette: 1;
  readonly description?: string;
  readonly entries: readonly CassetteEntry[];
}

export interface CassetteEntry {
  /** The last user message, exactly; absent matches any. */
  readonly prompt?: string;
  /** How many answers of this task came before. */
  readonly turn: number;
  readonly text?: string;
  readonly tool_calls?: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly usage?: { readonly input_tokens: number; readonly output_tokens: number };
}
