// Checks goclaw.db for `goclaw db check` through a read-only connection, beside a running daemon or without one, and
// reads the audit records that `goclaw demo` shows. Nothing here writes to the database.

import { existsSync, statSync } from "node:fs";
import type Database from "better-sqlite3";
import { GoclawError, messageOf } from "../domain/error.ts";
import type { AuditRow, DatabaseReport } from "../domain/report.ts";
import { listAssets, readAsset, sqliteBinding } from "../native.ts";
import { faultCode, openReadOnly } from "./database.ts";
import { type Migration, migrate, parseMigrations } from "./migrate.ts";

/** Throws DB_DAMAGED or DB_NEWER when the database is not sound. `quick` leaves out what takes long. */
export function checkDatabase(file: string, { quick }: { readonly quick: boolean }): DatabaseReport {
  const check = quick ? "quick_check" : "integrity_check";
  const empty = { file, check, bytes: 0, walBytes: 0, sqlite: "", tasks: 0, events: 0 } as const;
  if (!existsSync(file)) return { ...empty, exists: false, migrations: [] };
  return reading(file, (db) => {
    runCheck(db, file, check);
    checkForeignKeys(db, file);
    const migrations = bundledMigrations();
    const applied = appliedVersions(db, migrations);
    const count = (table: string): number =>
      applied.length === 0 ? 0 : (db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number);
    return {
      file,
      exists: true,
      bytes: statSync(file).size,
      walBytes: statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      sqlite: db.prepare("SELECT sqlite_version()").pluck().get() as string,
      check,
      migrations: migrations.map(({ name, version }) => ({ name, applied: applied.includes(version) })),
      tasks: count("tasks"),
      events: count("task_events"),
    };
  });
}

function runCheck(db: Database.Database, file: string, check: "quick_check" | "integrity_check"): void {
  const findings = (db.pragma(`${check}(5)`) as Record<string, string>[]).map((row) => row[check]);
  if (findings.length !== 1 || findings[0] !== "ok") throw damaged(file, findings.join("; "));
}

function checkForeignKeys(db: Database.Database, file: string): void {
  const broken = db.pragma("foreign_key_check") as { table: string; parent: string }[];
  const [first] = broken;
  if (first === undefined) return;
  throw damaged(
    file,
    `${broken.length} rows point to nothing, the first from ${first.table} to ${first.parent}`,
  );
}

const PREFIX = "migrations/";

function bundledMigrations(): Migration[] {
  const names = listAssets(PREFIX);
  return parseMigrations(
    names.map((name) => ({ name: name.slice(PREFIX.length), sql: readAsset(name) ?? "" })),
  );
}

/** What the ledger has; migrate holds it against the bundled files before it would write anything. */
function appliedVersions(db: Database.Database, migrations: readonly Migration[]): number[] {
  const ledger = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").get();
  if (ledger === undefined) return [];
  const versions = db
    .prepare("SELECT version FROM schema_migrations ORDER BY version")
    .pluck()
    .all() as number[];
  const behind = new Error("behind");
  try {
    if (versions.length > 0) {
      migrate(db, migrations, 0, () => {
        throw behind;
      });
    }
  } catch (error) {
    if (error !== behind) throw error;
  }
  return versions;
}

function damaged(file: string, why: string, cause?: unknown): GoclawError {
  const advice = "stop the daemon, move the file away and restore one from backups/";
  return new GoclawError("DB_DAMAGED", `the database ${file} is damaged: ${why}; ${advice}`, { cause });
}

const AUDIT_SQL = `
  SELECT seq, at, principal, capability, resource, decision, rule, hash
  FROM v_audit WHERE task_id = @taskId ORDER BY seq LIMIT 1000`;

/** The decisions about one task's tool calls, oldest first. */
export function readAudit(file: string, taskId: string): AuditRow[] {
  return reading(file, (db) => db.prepare(AUDIT_SQL).all({ taskId }) as AuditRow[]);
}

function reading<T>(file: string, read: (db: Database.Database) => T): T {
  const db = openReadOnly(file, sqliteBinding());
  try {
    return read(db);
  } catch (error) {
    if (faultCode(error) === "DB_DAMAGED") throw damaged(file, messageOf(error), error);
    throw error;
  } finally {
    db.close();
  }
}
