// Prepared statements by their text. Parameters are named in the SQL and bound by position underneath: better-sqlite3
// looks names up one by one, which cost as much as the insert itself.

import type Database from "better-sqlite3";

export type Params = Readonly<Record<string, string | number | null>>;
export type Value = string | number | null;

interface Prepared {
  readonly statement: Database.Statement;
  /** The parameter names in the order of their places. */
  readonly names: readonly string[];
}

export class Statements {
  readonly #prepared = new Map<string, Prepared>();
  #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** Prepared statements belong to a connection; a new one starts afresh. */
  attach(db: Database.Database): void {
    this.#db = db;
    this.#prepared.clear();
  }

  get(sql: string, params: Params): unknown {
    const { statement, names } = this.#prepare(sql);
    return statement.get(valuesOf(names, params));
  }

  all(sql: string, params: Params): unknown[] {
    const { statement, names } = this.#prepare(sql);
    return statement.all(valuesOf(names, params));
  }

  run(sql: string, params: Params): number {
    const { statement, names } = this.#prepare(sql);
    return statement.run(valuesOf(names, params)).changes;
  }

  /** Whether the statement changes rows; one that returns them (RETURNING) may as well. */
  writes(sql: string): boolean {
    return !this.#prepare(sql).statement.readonly;
  }

  /** For SQL that was written with places instead of names. */
  runValues(sql: string, values: readonly Value[]): void {
    this.#prepare(sql).statement.run(values);
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      const { text, names } = withPlaces(sql);
      prepared = { statement: this.#db.prepare(text), names };
      this.#prepared.set(sql, prepared);
    }
    return prepared;
  }
}

/**
 * SQL with a place for each `@name`, and the names in their order. A bare place in a comparison or a LIMIT has SQLite
 * (3.46 and later) look at its value for the plan, and plan anew whenever another one is bound, which takes three times
 * as long as the query; likely() keeps it from looking. https://www.sqlite.org/queryplanner-ng.html#qpstab
 */
export function withPlaces(sql: string): { readonly text: string; readonly names: readonly string[] } {
  const names: string[] = [];
  const text = sql.replace(/@(\w+)/g, (_match, name: string) => {
    names.push(name);
    return "likely(?)";
  });
  return { text, names };
}

function valuesOf(names: readonly string[], params: Params): Value[] {
  const values = new Array<Value>(names.length);
  for (let place = 0; place < names.length; place++) {
    const value = params[names[place] as string];
    if (value === undefined) throw new Error(`the statement needs @${names[place]}`);
    values[place] = value;
  }
  return values;
}
