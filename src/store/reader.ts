// The read-only connection of the main thread, with prepared statements kept by their text. Read models are functions
// over it, one file an aggregate; long reads must page.

import type Database from "better-sqlite3";
import { type Params, Statements } from "./statements.ts";

export interface Reader {
  get<Row>(sql: string, params?: Params): Row | undefined;
  all<Row>(sql: string, params?: Params): Row[];
}

export function createReader(db: Database.Database): Reader {
  const statements = new Statements(db);
  return {
    get: <Row>(sql: string, params: Params = {}) => statements.get(sql, params) as Row | undefined,
    all: <Row>(sql: string, params: Params = {}) => statements.all(sql, params) as Row[],
  };
}
