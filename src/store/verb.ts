// A verb is one typed write: a deterministic function of the database and its input, run by the writer thread inside
// a transaction it shares with its neighbours. Everything that changes goclaw.db is a verb.

import type { Tx } from "./tx.ts";

/** `Input` and `Output` cross a thread, so they are plain data. A verb refuses by throwing before its first write. */
export interface Verb<Input, Output> {
  readonly name: string;
  readonly run: (tx: Tx, input: Input) => Output;
}

export function defineVerb<Input, Output>(
  name: string,
  run: (tx: Tx, input: Input) => Output,
): Verb<Input, Output> {
  return { name, run };
}

/** Verbs of different types in one list; the thread looks them up by name. */
// biome-ignore lint/suspicious/noExplicitAny: the input type is checked where the verb is called by value
export type AnyVerb = Verb<any, unknown>;
