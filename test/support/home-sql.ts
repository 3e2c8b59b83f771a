// Statements on a home's database, beside a running daemon or after it: for what no view and no surface tells.

import { join } from "node:path";
import Database from "better-sqlite3";

function reading<T>(home: string, read: (db: Database.Database) => T): T {
  const db = new Database(join(home, "goclaw.db"), { readonly: true, timeout: 5_000 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** The rows that a statement finds. */
export function ask<T>(home: string, sql: string, ...values: unknown[]): T[] {
  return reading(home, (db) => db.prepare(sql).all(...values) as T[]);
}

/** The first column of what a statement finds. */
export function askColumn<T>(home: string, sql: string): T[] {
  return reading(home, (db) => db.prepare(sql).pluck().all() as T[]);
}

/** Changes rows while no daemon runs. */
export function change(home: string, sql: string): void {
  const db = new Database(join(home, "goclaw.db"), { timeout: 5_000 });
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

/** Reservations and clients' own requests that are still there. */
export function leftOpen(home: string): number | undefined {
  const sql = "SELECT (SELECT count(*) FROM reservations) + (SELECT count(*) FROM passages)";
  return askColumn<number>(home, sql)[0];
}
