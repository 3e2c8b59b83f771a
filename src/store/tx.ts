// What a verb may do inside the writer's transaction: run statements, count, append events. A Tx never outlives its
// transaction; what it counted and appended becomes visible only when the transaction commits.

import type Database from "better-sqlite3";
import type { DurableEvent, DurableEventType } from "../domain/event.ts";
import type { TaskState } from "../domain/task.ts";
import type { Clock, Random } from "../domain/time.ts";

export type Params = Readonly<Record<string, string | number | null>>;

/** Tx.append takes an event without the two fields that the writer gives it. */
export interface NewEvent {
  readonly taskId: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly type: DurableEventType;
  readonly from: TaskState | null;
  readonly to: TaskState | null;
  readonly attempt: number;
  readonly reasonCode: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

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

const APPEND_SQL = `
  INSERT INTO task_events (task_id, session_id, agent_id, type, state_from, state_to, attempt, reason_code, payload, at)
  VALUES (@taskId, @sessionId, @agentId, @type, @from, @to, @attempt, @reasonCode, @payload, @at)`;

/** The writer's Tx: one object reused for every transaction, told when each begins and ends. */
export class WriterTx implements Tx {
  nowMs = 0;
  monoMs = 0;
  readonly random: Random;
  /** True once the current verb has written anything: a refusal before that needs no rollback. */
  dirty = false;
  events: DurableEvent[] = [];
  readonly #clock: Clock;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #counts = new Map<string, number>();
  readonly #deltas = new Map<string, number>();
  #db: Database.Database;

  constructor(db: Database.Database, clock: Clock, random: Random) {
    this.#db = db;
    this.#clock = clock;
    this.random = random;
  }

  /** Points the Tx at a reopened database; prepared statements belong to the old one. */
  attach(db: Database.Database): void {
    this.#db = db;
    this.#statements.clear();
  }

  beginVerb(): void {
    this.nowMs = this.#clock.nowMs();
    this.monoMs = this.#clock.monoMs();
    this.dirty = false;
  }

  /** After COMMIT: staged counts become the truth; returns the events to publish. */
  committed(): DurableEvent[] {
    for (const [name, delta] of this.#deltas) this.#counts.set(name, (this.#counts.get(name) ?? 0) + delta);
    this.#deltas.clear();
    const events = this.events;
    this.events = [];
    return events;
  }

  rolledBack(): void {
    this.#deltas.clear();
    this.events = [];
  }

  /** Remembers where a savepoint stands, so that rolling back to it also drops what was staged since. */
  mark(): () => void {
    const events = this.events.length;
    const deltas = new Map(this.#deltas);
    return () => {
      this.events.length = events;
      this.#deltas.clear();
      for (const [name, delta] of deltas) this.#deltas.set(name, delta);
    };
  }

  get<Row>(sql: string, params: Params = {}): Row | undefined {
    return this.#prepare(sql).get(params) as Row | undefined;
  }

  all<Row>(sql: string, params: Params = {}): Row[] {
    return this.#prepare(sql).all(params) as Row[];
  }

  run(sql: string, params: Params = {}): number {
    this.dirty = true;
    return this.#prepare(sql).run(params).changes;
  }

  append(event: NewEvent): DurableEvent {
    this.dirty = true;
    const at = this.nowMs;
    const { taskId, sessionId, agentId, type, from, to, attempt, reasonCode } = event;
    const payload = JSON.stringify(event.payload);
    const row = { taskId, sessionId, agentId, type, from, to, attempt, reasonCode, payload, at };
    const seq = Number(this.#prepare(APPEND_SQL).run(row).lastInsertRowid);
    const appended: DurableEvent = { ...event, seq, at };
    this.events.push(appended);
    return appended;
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

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
