// The read-only connection of the main thread, with prepared statements kept by their text. Read models are functions
// over it, one file an aggregate; long reads must page.

import type Database from "better-sqlite3";
import type { Params } from "./tx.ts";

export interface Reader {
  get<Row>(sql: string, params?: Params): Row | undefined;
  all<Row>(sql: string, params?: Params): Row[];
}

export function createReader(db: Database.Database): Reader {
  const statements = new Map<string, Database.Statement>();
  const prepare = (sql: string): Database.Statement => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  return {
    get: <Row>(sql: string, params: Params = {}) => prepare(sql).get(params) as Row | undefined,
    all: <Row>(sql: string, params: Params = {}) => prepare(sql).all(params) as Row[],
  };
}
