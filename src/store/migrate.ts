// Forward-only migrations: numbered .sql files, each in its own transaction, with a ledger of SHA-256 digests so that
// an edited migration or a newer database is refused instead of guessed about.

import { createHash } from "node:crypto";
import type Database from "better-sqlite3";
import { GoclawError } from "../domain/error.ts";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

const LEDGER_SQL = `
  CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    applied_at INTEGER NOT NULL
  ) STRICT`;

const RECORD_SQL = `
  INSERT INTO schema_migrations (version, name, sha256, applied_at)
  VALUES (@version, @name, @sha256, @appliedAt)`;

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly sha256: string;
}

/** Parses `0001_core.sql` style names; the list comes back in order, from 1 without gap or double. */
export function parseMigrations(files: readonly { name: string; sql: string }[]): Migration[] {
  const migrations = files.map(({ name, sql }) => {
    const match = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name);
    if (match?.[1] === undefined) throw new GoclawError("INTERNAL", `bad migration name ${name}`);
    return { version: Number(match[1]), name, sql };
  });
  migrations.sort((a, b) => a.version - b.version);
  const stray = migrations.find(({ version }, index) => version !== index + 1);
  if (stray !== undefined)
    throw new GoclawError("INTERNAL", `migration ${stray.name} is out of the row of numbers`);
  return migrations;
}

/** Applies what is missing; `beforeUpgrade` runs first when there is already data, to back it up. Returns how many. */
export function migrate(
  db: Database.Database,
  migrations: readonly Migration[],
  nowMs: number,
  beforeUpgrade: (fromVersion: number) => void,
): number {
  const applied = readLedger(db);
  verifyLedger(applied, migrations);
  const current = applied.at(-1)?.version ?? 0;
  const pending = migrations.filter((migration) => migration.version > current);
  if (pending.length === 0) return 0;
  if (current > 0) beforeUpgrade(current);
  db.exec(LEDGER_SQL);
  for (const migration of pending) {
    db.transaction(() => {
      db.exec(migration.sql);
      db.prepare(RECORD_SQL).run({
        ...withoutSql(migration),
        sha256: digest(migration.sql),
        appliedAt: nowMs,
      });
    }).immediate();
  }
  return pending.length;
}

function readLedger(db: Database.Database): Applied[] {
  const exists = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").get();
  if (exists === undefined) return [];
  return db
    .prepare("SELECT version, name, sha256 FROM schema_migrations ORDER BY version")
    .all() as Applied[];
}

function verifyLedger(applied: readonly Applied[], migrations: readonly Migration[]): void {
  const newest = migrations.at(-1)?.version ?? 0;
  for (const row of applied) {
    const known = migrations.find((migration) => migration.version === row.version);
    if (row.version > newest || known === undefined) {
      throw new GoclawError(
        "DB_NEWER",
        `the database has schema ${row.version} (${row.name}), this goclaw knows ${newest}; ` +
          "use the newer goclaw, or restore a backup made before the upgrade",
      );
    }
    if (digest(known.sql) !== row.sha256) {
      throw new GoclawError(
        "DB_DAMAGED",
        `migration ${row.name} was applied with other contents than this goclaw has; restore a backup`,
      );
    }
  }
}

function withoutSql({ version, name }: Migration): { version: number; name: string } {
  return { version, name };
}

function digest(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}
