// The event log's writing end. Events of a transaction are numbered in memory, which is exact because there is one
// writer, and inserted several to a statement before the transaction commits.

import type { DurableEvent } from "../domain/event.ts";
import type { Statements, Value } from "./statements.ts";

/** An event before the writer gives it its number and its time. */
export type NewEvent = Omit<DurableEvent, "seq" | "at">;

const COLUMNS =
  "seq, task_id, session_id, agent_id, type, state_from, state_to, attempt, reason_code, payload, at";

const ROW_PLACES = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const insertSql = (rows: number): string =>
  `INSERT INTO task_events (${COLUMNS}) VALUES ${new Array(rows).fill(ROW_PLACES).join(", ")}`;

/** Statements for so many rows at once; the last is what is left over. */
const STEPS = [16, 4, 1].map((rows) => ({ rows, sql: insertSql(rows) }));

const LAST_SEQ_SQL = "SELECT coalesce(max(seq), 0) AS seq FROM task_events";

export class EventLog {
  readonly #statements: Statements;
  #events: DurableEvent[] = [];
  #written = 0;
  #committedSeq: number;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.#committedSeq = (statements.get(LAST_SEQ_SQL, {}) as { seq: number }).seq;
  }

  append(event: NewEvent, at: number): DurableEvent {
    const appended: DurableEvent = { ...event, seq: this.#committedSeq + this.#events.length + 1, at };
    this.#events.push(appended);
    return appended;
  }

  flush(): void {
    for (const { rows, sql } of STEPS) {
      while (this.#events.length - this.#written >= rows) {
        const values: Value[] = [];
        for (const event of this.#events.slice(this.#written, this.#written + rows)) pushRow(values, event);
        this.#statements.runValues(sql, values);
        this.#written += rows;
      }
    }
  }

  /** The transaction is durable: returns its events for publication. */
  committed(): DurableEvent[] {
    const events = this.#events;
    this.#committedSeq += events.length;
    this.#events = [];
    this.#written = 0;
    return events;
  }

  rolledBack(): void {
    this.#events = [];
    this.#written = 0;
  }

  /** Remembers where a savepoint stands; calling the result drops what was appended since. */
  mark(): () => void {
    const events = this.#events.length;
    const written = this.#written;
    return () => {
      this.#events.length = events;
      this.#written = written;
    };
  }
}

function pushRow(values: Value[], event: DurableEvent): void {
  const { seq, taskId, sessionId, agentId, type, from, to, attempt, reasonCode, payload, at } = event;
  values.push(
    seq,
    taskId,
    sessionId,
    agentId,
    type,
    from,
    to,
    attempt,
    reasonCode,
    JSON.stringify(payload),
    at,
  );
}
