// One transaction for many calls. The whole batch runs without savepoints; only when a verb throws after it wrote
// something is the batch rolled back and run again with a savepoint per call (decision 0001).

import type Database from "better-sqlite3";
import { codeOf, GoclawError } from "../domain/error.ts";
import type { DurableEvent } from "../domain/event.ts";
import { faultCode, faultText } from "./database.ts";
import type { WriterTx } from "./tx.ts";
import type { AnyVerb } from "./verb.ts";
import type { Call, CallResult } from "./wire.ts";

export interface Batch {
  readonly results: CallResult[];
  readonly events: DurableEvent[];
  /** The error that made the whole transaction fail, when one did. */
  readonly fault: unknown;
}

/** Gives the next calls that arrived while the transaction was open; an empty list ends the batch. */
export type More = () => readonly Call[];

type Verbs = ReadonlyMap<string, AnyVerb>;
export type OnDefect = (verb: string, error: unknown) => void;

const MAX_CALLS = 1024;

export function runBatch(
  db: Database.Database,
  tx: WriterTx,
  verbs: Verbs,
  first: readonly Call[],
  more: More,
  onDefect: OnDefect,
): Batch {
  const calls: Call[] = [];
  try {
    db.exec("BEGIN IMMEDIATE");
    const results =
      runOptimistically(tx, verbs, calls, first, more) ?? runGuarded(db, tx, verbs, calls, onDefect);
    tx.flush();
    db.exec("COMMIT");
    return { results, events: tx.committed(), fault: undefined };
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    tx.rolledBack();
    // Calls that were never started still deserve their answer.
    const asked = calls.length === 0 ? first.length : calls.length;
    return { results: Array.from({ length: asked }, () => failure(error)), events: [], fault: error };
  }
}

/** Returns undefined when a call threw after writing: the caller then starts over with savepoints. */
function runOptimistically(
  tx: WriterTx,
  verbs: Verbs,
  calls: Call[],
  first: readonly Call[],
  more: More,
): CallResult[] | undefined {
  const results: CallResult[] = [];
  let clean = true;
  for (let next = first; next.length > 0; next = calls.length < MAX_CALLS ? more() : []) {
    calls.push(...next);
    tx.tick();
    for (const call of next) {
      if (!clean) continue; // still collected into `calls`, run by runGuarded
      try {
        results.push(runVerb(tx, verbs, call));
      } catch (error) {
        if (isFault(error)) throw error;
        if (!(error instanceof GoclawError) || tx.dirty) clean = false;
        else results.push(failure(error));
      }
    }
  }
  return clean ? results : undefined;
}

function runGuarded(
  db: Database.Database,
  tx: WriterTx,
  verbs: Verbs,
  calls: readonly Call[],
  onDefect: OnDefect,
): CallResult[] {
  db.exec("ROLLBACK");
  tx.rolledBack();
  db.exec("BEGIN IMMEDIATE");
  return calls.map((call) => {
    tx.flush();
    const unstage = tx.mark();
    db.exec("SAVEPOINT call");
    try {
      const result = runVerb(tx, verbs, call);
      tx.flush();
      db.exec("RELEASE call");
      return result;
    } catch (error) {
      if (isFault(error)) throw error;
      db.exec("ROLLBACK TO call");
      db.exec("RELEASE call");
      unstage();
      if (!(error instanceof GoclawError)) onDefect(call.verb, error);
      return failure(error);
    }
  });
}

function runVerb(tx: WriterTx, verbs: Verbs, call: Call): CallResult {
  const verb = verbs.get(call.verb);
  if (verb === undefined) throw new Error(`the writer does not know the verb ${call.verb}`);
  tx.beginVerb();
  return { ok: true, value: verb.run(tx, call.input) };
}

function isFault(error: unknown): boolean {
  return !(error instanceof GoclawError) && faultCode(error) !== undefined;
}

function failure(error: unknown): CallResult {
  const code = faultCode(error) ?? codeOf(error);
  const message = error instanceof GoclawError ? error.message : faultText(error);
  const after = error instanceof GoclawError ? error.retryAfterSeconds : undefined;
  return { ok: false, code, message, ...(after === undefined ? {} : { retryAfterSeconds: after }) };
}
