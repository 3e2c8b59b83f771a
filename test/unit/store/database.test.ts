// How the database is opened: the pragmas the promises rest on, and what is refused.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { faultCode, openDatabase, openReadOnly } from "../../../src/store/database.ts";
import { lockHome } from "../../../src/store/lock.ts";
import { verifies } from "../../support/verifies.ts";
import { refusal } from "../config/home.ts";

let directory = "";
let file = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "goclaw-db-"));
  file = join(directory, "goclaw.db");
  return () => rmSync(directory, { recursive: true, force: true });
});

test(verifies("PER-001", "writes are durable: WAL, FULL, foreign keys"), () => {
  const db = openDatabase(file, undefined, true);
  const pragma = (name: string): unknown => db.pragma(name, { simple: true });
  expect(pragma("journal_mode")).toBe("wal");
  expect(pragma("synchronous")).toBe(2);
  expect(pragma("foreign_keys")).toBe(1);
  expect(pragma("busy_timeout")).toBe(5000);
  expect(pragma("trusted_schema")).toBe(0);
  expect(pragma("cell_size_check")).toBe(1);
  db.close();
});

test("the reader cannot write and does not create a file", () => {
  expect(refusal(() => openReadOnly(file, undefined)).code).not.toBe("INTERNAL");
  const db = openDatabase(file, undefined, true);
  db.exec("CREATE TABLE a (x TEXT) STRICT");
  const reader = openReadOnly(file, undefined);
  expect(() => reader.exec("INSERT INTO a VALUES ('1')")).toThrow(/readonly/);
  reader.close();
  db.close();
});

test(
  verifies("PER-006", "a file that is no database, or a damaged one, is refused and left as it is"),
  () => {
    writeFileSync(file, "this is not a database, and long enough to look like a page ".repeat(100));
    const before = readFileSync(file);
    const error = refusal(() => openDatabase(file, undefined, true));
    expect(error.code).toBe("DB_DAMAGED");
    expect(error.message).toContain(file);
    expect(readFileSync(file).equals(before)).toBe(true);
  },
);

test(verifies("PER-006", "a page that was overwritten is found at start"), () => {
  const db = openDatabase(file, undefined, true);
  db.exec("CREATE TABLE a (x TEXT) STRICT");
  const insert = db.prepare("INSERT INTO a VALUES (?)");
  for (let row = 0; row < 500; row++) insert.run("x".repeat(200));
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
  const bytes = readFileSync(file);
  bytes.fill(0xab, 8_192, 12_288);
  writeFileSync(file, bytes);
  expect(refusal(() => openDatabase(file, undefined, true)).code).toBe("DB_DAMAGED");
});

test.each([
  ["SQLITE_FULL", "DISK_FULL"],
  ["ENOSPC", "DISK_FULL"],
  ["SQLITE_IOERR_WRITE", "IO_ERROR"],
  ["SQLITE_IOERR", "IO_ERROR"],
  ["SQLITE_READONLY", "IO_ERROR"],
  ["SQLITE_CANTOPEN", "IO_ERROR"],
  ["SQLITE_CORRUPT", "DB_DAMAGED"],
  ["SQLITE_CORRUPT_INDEX", "DB_DAMAGED"],
  ["SQLITE_NOTADB", "DB_DAMAGED"],
  ["SQLITE_CONSTRAINT_CHECK", undefined],
])("SQLite's %s is %s", (code, ours) => {
  expect(faultCode(Object.assign(new Error("x"), { code }))).toBe(ours);
});

test(
  verifies("PER-002", "a lock that somebody else holds too long is a fault that passes, not a defect"),
  () => {
    expect(faultCode(Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" }))).toBe(
      "IO_ERROR",
    );
  },
);

test(verifies("SCOPE-002", "a home has one owner, whose pid a second one is told"), () => {
  const [lock, pid] = [join(directory, "lock.db"), join(directory, "lock.pid")];
  const first = lockHome(lock, pid, undefined, 4242);
  const error = refusal(() => lockHome(lock, pid, undefined, 4343));
  expect(error.code).toBe("HOME_LOCKED");
  expect(error.message).toContain("4242");
  first.release();
  lockHome(lock, pid, undefined, 4343).release();
  expect(readFileSync(pid, "utf8")).toBe("4343\n");
});
