// Migrations: applied forward, each whole or not at all, and never over a database that does not fit.

import { createHash } from "node:crypto";
import Database from "better-sqlite3";
import { beforeEach, expect, test } from "vitest";
import { GoclawError } from "../../src/domain/error.ts";
import { type Migration, migrate, parseMigrations } from "../../src/store/migrate.ts";
import { productMigrations } from "../support/inline-writer.ts";
import { verifies } from "../support/verifies.ts";

let db: Database.Database;
beforeEach(() => {
  db = new Database(":memory:");
  return () => db.close();
});

const one: Migration = {
  version: 1,
  name: "0001_one.sql",
  sql: "CREATE TABLE a (x) STRICT;".replace("x", "x TEXT"),
};
const two: Migration = {
  version: 2,
  name: "0002_two.sql",
  sql: "ALTER TABLE a ADD COLUMN y TEXT; INSERT INTO a VALUES ('1', '2');",
};
const broken: Migration = {
  version: 2,
  name: "0002_two.sql",
  sql: "CREATE TABLE b (x TEXT) STRICT; INSERT INTO a VALUES ('1'); INSERT INTO nowhere VALUES (1);",
};

const apply = (migrations: readonly Migration[], backups: number[] = []): number =>
  migrate(db, migrations, 42, (from) => backups.push(from));
const ledger = () =>
  db.prepare("SELECT version, name, sha256, applied_at FROM schema_migrations ORDER BY version").all();
const tables = () =>
  db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all();
const dump = (): string =>
  JSON.stringify(db.prepare("SELECT * FROM sqlite_schema ORDER BY name").all()) + db.serialize().length;

function codeOf(act: () => unknown): string {
  try {
    act();
    return "nothing";
  } catch (error) {
    return error instanceof GoclawError ? error.code : `not ours: ${error}`;
  }
}

test(
  verifies(
    "DATA-001",
    "a fresh database gets every migration, with its digest, and a second run does nothing",
  ),
  () => {
    expect(apply([one, two])).toBe(2);
    const sha256 = (sql: string): string => createHash("sha256").update(sql).digest("hex");
    expect(ledger()).toEqual([
      { version: 1, name: one.name, sha256: sha256(one.sql), applied_at: 42 },
      { version: 2, name: two.name, sha256: sha256(two.sql), applied_at: 42 },
    ]);
    const before = dump();
    expect(apply([one, two])).toBe(0);
    expect(dump()).toBe(before);
  },
);

test(verifies("DATA-003", "only what is missing is applied, after one backup"), () => {
  const backups: number[] = [];
  apply([one], backups);
  expect(backups).toEqual([]);
  expect(apply([one, two], backups)).toBe(1);
  expect(backups).toEqual([1]);
});

test(verifies("DATA-001", "a migration that was changed after it was applied is refused"), () => {
  apply([one, two]);
  const before = dump();
  expect(codeOf(() => apply([{ ...one, sql: `${one.sql} ` }, two]))).toBe("DB_DAMAGED");
  expect(dump()).toBe(before);
});

test(verifies("DATA-002", "a newer database is refused and left alone"), () => {
  apply([one, two]);
  const before = dump();
  expect(codeOf(() => apply([one]))).toBe("DB_NEWER");
  expect(dump()).toBe(before);
});

test(verifies("DATA-003", "a migration that fails half way leaves the database as it was"), () => {
  apply([one]);
  const before = [ledger(), tables(), db.prepare("SELECT * FROM a").all()];
  expect(() => apply([one, broken])).toThrow(/nowhere/);
  expect([ledger(), tables(), db.prepare("SELECT * FROM a").all()]).toEqual(before);
  expect(db.inTransaction).toBe(false);
  expect(apply([one, two])).toBe(1);
});

test(verifies("DATA-003", "a backup that fails stops the upgrade before it begins"), () => {
  apply([one]);
  const fail = (): never => {
    throw new GoclawError("DISK_FULL", "no space for the backup");
  };
  expect(codeOf(() => migrate(db, [one, two], 42, fail))).toBe("DISK_FULL");
  expect(ledger()).toHaveLength(1);
});

test("what was bought before providers had limits counts against them from the upgrade on", () => {
  const [core, brains, ...later] = productMigrations();
  apply([core!, brains!]);
  const at = Date.UTC(2026, 0, 31, 12);
  const add = db.prepare(`
    INSERT INTO answers (task_id, turn, text, tool_calls, stop_reason, provider, model,
                         input_tokens, output_tokens, cost_usd, attempt, at)
    VALUES ('t', ?, '', '[]', 'stop', ?, 'm', 10, ?, ?, 1, ?)`);
  add.run(0, "p", 5, 0.25, at);
  add.run(1, "p", 5, 0.5, at + 86_400_000);
  add.run(2, "q", null, null, at);
  apply([core!, brains!, ...later]);
  const rows = db.prepare("SELECT scope, period, usd, tokens FROM spend_totals ORDER BY scope, period").all();
  const row = (scope: string, period: string, usd: number, tokens: number) => ({
    scope,
    period,
    usd,
    tokens,
  });
  expect(rows).toEqual([
    row("provider:p", "day:2026-01-31", 0.25, 15),
    row("provider:p", "day:2026-02-01", 0.5, 15),
    row("provider:p", "month:2026-01", 0.25, 15),
    row("provider:p", "month:2026-02", 0.5, 15),
    row("provider:q", "day:2026-01-31", 0, 10),
    row("provider:q", "month:2026-01", 0, 10),
  ]);
});

test("names give the order, and a name that does not fit is refused", () => {
  const parse = (...names: string[]) => parseMigrations(names.map((name) => ({ name, sql: "" })));
  expect(parse("0002_b.sql", "0001_a.sql").map(({ version }) => version)).toEqual([1, 2]);
  expect(() => parse("0001_a.sql", "0002_b.sql", "0002_c.sql")).toThrow(/0002_c\.sql is out of the row/);
  expect(() => parse("0001_a.sql", "0003_c.sql")).toThrow(/0003_c\.sql is out of the row/);
  for (const name of ["1_a.sql", "0001_A.sql", "0001-a.sql", "0001_a.txt", "0001_a.sql.bak"]) {
    expect(() => parse(name), name).toThrow(/bad migration name/);
  }
});

test(
  verifies("DATA-001", "the product's own migrations apply to an empty file and are numbered without gaps"),
  () => {
    const migrations = productMigrations();
    expect(apply(migrations)).toBe(migrations.length);
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
    expect(db.pragma("foreign_key_check")).toEqual([]);
  },
);
