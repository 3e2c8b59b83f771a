// The writer thread: owns the only connection that writes. It drains its mailbox into one transaction, commits with
// synchronous=FULL, and only then answers; after a storage fault it refuses, probes, and recovers by itself.

import type { MessagePort } from "node:worker_threads";
import { receiveMessageOnPort } from "node:worker_threads";
import type Database from "better-sqlite3";
import { type Code, codeOf, GoclawError, messageOf } from "../domain/error.ts";
import type { Clock, Random } from "../domain/time.ts";
import { runBatch } from "./batch.ts";
import { faultCode, faultText, openDatabase, type SqliteBinding } from "./database.ts";
import { type Migration, migrate } from "./migrate.ts";
import { type Tx, WriterTx } from "./tx.ts";
import type { AnyVerb } from "./verb.ts";
import type { Call, FromWriter, ToWriter } from "./wire.ts";

const PROBE_MS = 500;

/** Work the writer does for itself between messages; it sleeps while `isNeeded` says no. */
export interface Chore {
  readonly intervalMs: number;
  isNeeded(tx: Tx): boolean;
  /**
   * `pulseAgeMs`: how long ago the main loop last showed that it is alive. `outageMs`: how long a storage fault that
   * has just ended kept this chore from its work; 0 otherwise.
   */
  run(tx: Tx, pulseAgeMs: number, outageMs: number): void;
}

export interface WriterOptions {
  readonly file: string;
  readonly binding: SqliteBinding;
  readonly port: MessagePort;
  readonly clock: Clock;
  readonly random: Random;
  readonly verbs: readonly AnyVerb[];
  readonly migrations: readonly Migration[];
  readonly chores: readonly Chore[];
  /** Runs once after migration, in a transaction: loads the counts that live in memory. */
  readonly load: (tx: Tx) => void;
  /** Called before an existing database is migrated; must copy it aside. */
  readonly backup: (db: Database.Database, fromVersion: number) => void;
}

export function startWriterThread(options: WriterOptions): void {
  const { port } = options;
  const send = (message: FromWriter): void => port.postMessage(message);
  try {
    const startedMs = options.clock.monoMs();
    const db = openDatabase(options.file, options.binding, true);
    const migrated = migrate(db, options.migrations, options.clock.nowMs(), (from) =>
      options.backup(db, from),
    );
    const writer = new Writer(db, options, send);
    port.on("message", (message: ToWriter) => writer.receive(message));
    send({ type: "ready", migrated, openMs: options.clock.monoMs() - startedMs });
  } catch (error) {
    send({ type: "refused", code: faultCode(error) ?? codeOf(error), message: messageOf(error) });
    port.close();
  }
}

class Writer {
  readonly #options: WriterOptions;
  readonly #send: (message: FromWriter) => void;
  readonly #verbs: ReadonlyMap<string, AnyVerb>;
  #tx: WriterTx;
  readonly #timers = new Map<Chore, NodeJS.Timeout>();
  #db: Database.Database;
  #fault: Code | null = null;
  #faultText = "";
  #faultSinceMs = 0;
  #pulseAtMs: number;
  #closing = false;

  constructor(db: Database.Database, options: WriterOptions, send: (message: FromWriter) => void) {
    this.#db = db;
    this.#options = options;
    this.#send = send;
    this.#verbs = new Map(options.verbs.map((verb) => [verb.name, verb]));
    this.#tx = new WriterTx(db, options.clock, options.random);
    this.#pulseAtMs = options.clock.monoMs();
    this.#runAlone(options.load);
  }

  receive(message: ToWriter): void {
    this.#pulseAtMs = this.#options.clock.monoMs();
    if (message.type === "calls") this.#runCalls(message.calls);
    else if (message.type === "close") this.#closing = true;
    if (this.#closing) this.#close();
    else this.#scheduleChores();
  }

  #runCalls(first: readonly Call[]): void {
    // Leases that could not be renewed come before the calls that are held against them.
    if (this.#fault !== null) this.#probe();
    if (this.#fault !== null) {
      const refused = { ok: false, code: this.#fault, message: this.#faultText } as const;
      this.#send({ type: "committed", results: first.map(() => refused), events: [] });
      return;
    }
    const startedMs = this.#options.clock.monoMs();
    const { results, events, fault } = runBatch(
      this.#db,
      this.#tx,
      this.#verbs,
      first,
      () => this.#more(),
      (verb, error) => this.#reportDefect(verb, error),
    );
    this.#noteFault(fault, startedMs);
    this.#send({ type: "committed", results, events });
  }

  /** What arrived while the transaction was open joins it: that is the group commit. */
  #more(): readonly Call[] {
    if (this.#closing) return [];
    for (;;) {
      const next = receiveMessageOnPort(this.#options.port) as { message: ToWriter } | undefined;
      if (next === undefined) return [];
      if (next.message.type === "calls") return next.message.calls;
      if (next.message.type === "close") {
        this.#closing = true;
        return [];
      }
    }
  }

  /** Runs the writer's own work in a transaction of its own, which it may have waited for, and publishes what it appended. */
  #runAlone(work: (tx: Tx, waitedMs: number) => void): void {
    const startedMs = this.#options.clock.monoMs();
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      const waitedMs = this.#options.clock.monoMs() - startedMs;
      this.#tx.tick();
      this.#tx.beginVerb();
      work(this.#tx, waitedMs);
      this.#tx.flush();
      this.#db.exec("COMMIT");
      const events = this.#tx.committed();
      this.#noteFault(undefined, startedMs);
      if (events.length > 0) this.#send({ type: "committed", results: [], events });
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
      this.#tx.rolledBack();
      if (faultCode(error) === undefined) this.#reportDefect("chore", error);
      else this.#noteFault(error, startedMs);
    }
  }

  #scheduleChores(): void {
    for (const chore of this.#options.chores) {
      if (this.#timers.has(chore) || !chore.isNeeded(this.#tx)) continue;
      this.#timers.set(
        chore,
        setTimeout(() => {
          this.#timers.delete(chore);
          // During a fault no lease can be renewed, so none is judged: the chores run when it is over.
          if (this.#fault === null) this.#runChore(chore, 0);
          this.#scheduleChores();
        }, chore.intervalMs),
      );
    }
  }

  #runChore(chore: Chore, outageMs: number): void {
    const pulseAgeMs = this.#options.clock.monoMs() - this.#pulseAtMs;
    // A lock that somebody else held kept this chore waiting as a fault does.
    this.#runAlone((tx, waitedMs) => chore.run(tx, pulseAgeMs, Math.max(outageMs, waitedMs)));
  }

  /** `sinceMs`: when the transaction began that ended with `error`, or well. */
  #noteFault(error: unknown, sinceMs: number): void {
    const fault = error === undefined ? null : (faultCode(error) ?? null);
    // Meanwhile nobody could be heard, so nobody was silent.
    this.#pulseAtMs += this.#options.clock.monoMs() - sinceMs;
    // A connection that saw a failed fsync must not be trusted again: SQLite's cache and the file may differ.
    if (fault === "IO_ERROR") this.#reopen();
    if (fault === this.#fault) return;
    const wasHealthy = this.#fault === null;
    this.#fault = fault;
    this.#faultText = fault === null ? "" : faultText(error);
    if (wasHealthy) this.#faultSinceMs = sinceMs;
    if (fault === null) {
      // Leases that could not be renewed come first, before calls that are held against them.
      const outageMs = this.#options.clock.monoMs() - this.#faultSinceMs;
      for (const chore of this.#options.chores) this.#runChore(chore, outageMs);
    } else if (wasHealthy) {
      this.#probeLater();
    }
    this.#send({ type: "health", fault: this.#fault, why: this.#faultText });
  }

  #probeLater(): void {
    setTimeout(() => {
      if (this.#fault === null || this.#closing) return;
      this.#probe();
      if (this.#fault !== null) this.#probeLater();
    }, PROBE_MS);
  }

  /** Tries a small write, after opening the file again where that failed before; a success ends the fault. */
  #probe(): void {
    if (!this.#db.open) this.#reopen();
    if (!this.#db.open) return;
    this.#runAlone(
      (tx) => void tx.run("UPDATE schema_migrations SET applied_at = applied_at WHERE version = 1"),
    );
  }

  #reopen(): void {
    try {
      this.#db.close();
      this.#db = openDatabase(this.#options.file, this.#options.binding, false);
      // What the file says now is the truth: a commit that was reported as failed may have been made.
      this.#tx = new WriterTx(this.#db, this.#options.clock, this.#options.random);
      this.#tx.tick();
      this.#options.load(this.#tx);
      this.#tx.committed();
    } catch (error) {
      if (!(error instanceof GoclawError)) this.#reportDefect("reopen", error);
    }
  }

  #reportDefect(verb: string, error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    this.#send({ type: "defect", verb, message: messageOf(error), stack });
  }

  #close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    try {
      this.#db.pragma("wal_checkpoint(TRUNCATE)");
    } catch (error) {
      this.#reportDefect("close", error); // the WAL stays and is read at the next start
    }
    this.#db.close();
    this.#send({ type: "closed" });
    this.#options.port.close();
  }
}
