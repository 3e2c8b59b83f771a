// What a verb may do inside the writer's transaction: run statements, count, append events. A Tx never outlives its
// transaction; what it counted and appended becomes visible only when the transaction commits.

import type Database from "better-sqlite3";
import type { DurableEvent } from "../domain/event.ts";
import type { Clock, Random } from "../domain/time.ts";
import { EventLog, type NewEvent } from "./event-log.ts";
import { type Params, Statements } from "./statements.ts";

export interface Tx {
  /** Wall clock, epoch ms; the same for every statement of one verb. */
  readonly nowMs: number;
  /** Monotonic clock of this machine, ms. */
  readonly monoMs: number;
  readonly random: Random;
  get<Row>(sql: string, params?: Params): Row | undefined;
  all<Row>(sql: string, params?: Params): Row[];
  /** Runs a writing statement; returns the number of rows it changed. */
  run(sql: string, params?: Params): number;
  append(event: NewEvent): DurableEvent;
  /** A number kept in the writer's memory (queue depth, leased tasks), exact because there is one writer. */
  count(name: string): number;
  add(name: string, delta: number): void;
  /** Names that were ever counted and start with `prefix`. */
  counted(prefix: string): string[];
}

/** The writer's Tx: one object reused for every transaction, told when each begins and ends. */
export class WriterTx implements Tx {
  nowMs = 0;
  monoMs = 0;
  readonly random: Random;
  /** True once the current verb has written anything: a refusal before that needs no rollback. */
  dirty = false;
  readonly #clock: Clock;
  readonly #statements: Statements;
  readonly #log: EventLog;
  readonly #counts = new Map<string, number>();
  readonly #deltas = new Map<string, number>();

  constructor(db: Database.Database, clock: Clock, random: Random) {
    this.#statements = new Statements(db);
    this.#log = new EventLog(this.#statements);
    this.#clock = clock;
    this.random = random;
  }

  /** Points the Tx at a reopened database; prepared statements belong to the old one. */
  attach(db: Database.Database): void {
    this.#statements.attach(db);
  }

  /** Reads the clocks: once for the calls that arrived together. */
  tick(): void {
    this.nowMs = this.#clock.nowMs();
    this.monoMs = this.#clock.monoMs();
  }

  beginVerb(): void {
    this.dirty = false;
  }

  /** Before COMMIT, and before a savepoint is released: events that are still in memory become rows. */
  flush(): void {
    this.#log.flush();
  }

  /** After COMMIT: staged counts become the truth; returns the events to publish. */
  committed(): DurableEvent[] {
    for (const [name, delta] of this.#deltas) this.#counts.set(name, (this.#counts.get(name) ?? 0) + delta);
    this.#deltas.clear();
    return this.#log.committed();
  }

  rolledBack(): void {
    this.#deltas.clear();
    this.#log.rolledBack();
  }

  /** Remembers where a savepoint stands, so that rolling back to it also drops what was staged since. */
  mark(): () => void {
    const unlog = this.#log.mark();
    const deltas = new Map(this.#deltas);
    return () => {
      unlog();
      this.#deltas.clear();
      for (const [name, delta] of deltas) this.#deltas.set(name, delta);
    };
  }

  get<Row>(sql: string, params: Params = {}): Row | undefined {
    this.dirty ||= this.#statements.writes(sql);
    return this.#statements.get(sql, params) as Row | undefined;
  }

  all<Row>(sql: string, params: Params = {}): Row[] {
    this.dirty ||= this.#statements.writes(sql);
    return this.#statements.all(sql, params) as Row[];
  }

  run(sql: string, params: Params = {}): number {
    this.dirty = true;
    return this.#statements.run(sql, params);
  }

  append(event: NewEvent): DurableEvent {
    this.dirty = true;
    return this.#log.append(event, this.nowMs);
  }

  count(name: string): number {
    return (this.#counts.get(name) ?? 0) + (this.#deltas.get(name) ?? 0);
  }

  add(name: string, delta: number): void {
    this.#deltas.set(name, (this.#deltas.get(name) ?? 0) + delta);
  }

  counted(prefix: string): string[] {
    const names: string[] = [];
    for (const name of this.#counts.keys()) if (name.startsWith(prefix)) names.push(name);
    for (const name of this.#deltas.keys())
      if (name.startsWith(prefix) && !this.#counts.has(name)) names.push(name);
    return names;
  }
}
