// The writer without its thread: the real verbs, batches, migrations and database file, called in the test's own
// process, under a clock and a randomness that the test owns.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { GoclawError } from "../../src/domain/error.ts";
import type { DurableEvent } from "../../src/domain/event.ts";
import type { Random } from "../../src/domain/time.ts";
import { listAssets, readAsset } from "../../src/native.ts";
import { loadCounts } from "../../src/queue/transition.ts";
import { runBatch } from "../../src/store/batch.ts";
import { openDatabase } from "../../src/store/database.ts";
import { type Migration, migrate, parseMigrations } from "../../src/store/migrate.ts";
import { createReader, type Reader } from "../../src/store/reader.ts";
import type { Store } from "../../src/store/store.ts";
import { type Tx, WriterTx } from "../../src/store/tx.ts";
import type { AnyVerb, Verb } from "../../src/store/verb.ts";
import type { Call, CallResult } from "../../src/store/wire.ts";
import { VERBS } from "../../src/verbs.ts";
import { createManualClock, createSeededRandom, type ManualClock } from "./manual-clock.ts";

export interface InlineWriter {
  readonly db: Database.Database;
  readonly clock: ManualClock;
  readonly reader: Reader;
  /** The writer's Tx; it is a new one after `reboot`. */
  tx(): WriterTx;
  /** Every event that was published, in order. */
  readonly published: DurableEvent[];
  /** Defects that a batch reported. */
  readonly defects: unknown[];
  /** One verb in a transaction of its own; throws what the caller of a Store would be told. */
  call<Input, Output>(verb: Verb<Input, Output>, input: Input): Output;
  batch(calls: readonly Call[]): CallResult[];
  /** The writer's own work, as its chores do it. */
  alone(work: (tx: Tx) => void): void;
  /** Forgets what a process forgets: the counts in memory are read from the rows again. */
  reboot(): void;
  /** Removes every row, for the next run over the same file. */
  clear(): void;
  close(): void;
}

export interface InlineOptions {
  readonly clock?: ManualClock;
  readonly random?: Random;
  /** Verbs besides the product's. */
  readonly verbs?: readonly AnyVerb[];
}

/** A directory in memory where there is one: a commit then costs what SQLite costs. Removed by `rmSync` at the end. */
export function makeScratch(): string {
  return mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "goclaw-test-"));
}

export function productMigrations(): Migration[] {
  const names = listAssets("migrations/");
  return parseMigrations(
    names.map((name) => ({ name: name.slice("migrations/".length), sql: readAsset(name) ?? "" })),
  );
}

export function openInlineWriter(options: InlineOptions = {}): InlineWriter {
  const { clock = createManualClock(), random = createSeededRandom(1), verbs = [] } = options;
  const directory = makeScratch();
  const db = openDatabase(join(directory, "goclaw.db"), undefined, false);
  migrate(db, productMigrations(), clock.nowMs(), () => {});
  const known = new Map([...VERBS, ...verbs].map((verb) => [verb.name, verb]));
  const published: DurableEvent[] = [];
  const defects: unknown[] = [];
  let tx = new WriterTx(db, clock, random);

  const alone = (work: (tx: Tx) => void): void => {
    db.exec("BEGIN IMMEDIATE");
    tx.tick();
    tx.beginVerb();
    work(tx);
    tx.flush();
    db.exec("COMMIT");
    published.push(...tx.committed());
  };
  const batch = (calls: readonly Call[]): CallResult[] => {
    const { results, events } = runBatch(
      db,
      tx,
      known,
      calls,
      () => [],
      (_verb, error) => defects.push(error),
    );
    published.push(...events);
    return results;
  };
  const reboot = (): void => {
    tx = new WriterTx(db, clock, random);
    alone(loadCounts);
  };
  reboot();
  return {
    ...{ db, clock, published, defects, alone, batch, reboot },
    reader: createReader(db),
    tx: () => tx,
    call: (verb, input) => {
      const result = batch([{ verb: verb.name, input }])[0]!;
      if (!result.ok) throw new GoclawError(result.code, result.message);
      return result.value as never;
    },
    clear: () => {
      for (const table of TABLES) db.exec(`DELETE FROM ${table}`);
      published.length = 0;
      reboot();
    },
    close: () => {
      db.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const TABLES = [
  ...["task_events", "answers", "effects", "messages", "idempotency", "tasks", "sessions", "audit"],
  ...["schedule_runs", "schedules"],
  ...["reservations", "spend_totals", "provider_health", "summaries", "failed_calls", "api_keys"],
];

/** A Store over an inline writer: each verb is a commit of its own, published before the promise resolves. */
export function storeOf(writer: InlineWriter, onEvents: (events: DurableEvent[]) => void = () => {}): Store {
  const run: Store["run"] = async (verb, input) => {
    const before = writer.published.length;
    const output = writer.call(verb, structuredClone(input));
    onEvents(writer.published.slice(before));
    return structuredClone(output);
  };
  return {
    run,
    insist: run,
    reader: writer.reader,
    fault: () => null,
    healthy: async () => {},
    pulse: () => {},
    close: async () => writer.close(),
  };
}
