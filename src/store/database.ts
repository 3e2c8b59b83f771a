// Opens goclaw.db with the pragmas the promises rest on, and refuses a file that is damaged or not ours. The only
// place besides the lock and the reader that makes a connection.

import { existsSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { type Code, GoclawError, messageOf } from "../domain/error.ts";

export type SqliteBinding = string | object | undefined;

const MIN_SQLITE = [3, 51, 3] as const; // older versions can corrupt a WAL shared by two connections

export function connect(
  file: string,
  binding: SqliteBinding,
  options: Database.Options = {},
): Database.Database {
  const native = binding === undefined ? {} : { nativeBinding: binding as string };
  return new Database(file, { ...options, ...native });
}

/** Opens for writing; `check` runs quick_check, which a reopen after a fault skips. */
export function openDatabase(file: string, binding: SqliteBinding, check: boolean): Database.Database {
  const existed = existsSync(file) && statSync(file).size > 0;
  let db: Database.Database | undefined;
  try {
    db = connect(file, binding);
    assertVersion(db);
    db.pragma("busy_timeout = 5000");
    db.pragma("trusted_schema = OFF");
    db.pragma("cell_size_check = ON");
    if (existed && check) quickCheck(db, file);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    db.pragma("journal_size_limit = 67108864");
    db.pragma("cache_size = -32768"); // KiB; the default 2 MiB made a busy queue read its own pages back from the WAL
    db.pragma("wal_autocheckpoint = 4000"); // pages: a checkpoint costs two fsyncs and stops every caller
    return db;
  } catch (error) {
    db?.close();
    throw asOpenError(error, file);
  }
}

/** A connection that cannot write, for read models. */
export function openReadOnly(file: string, binding: SqliteBinding): Database.Database {
  try {
    const db = connect(file, binding, { readonly: true, fileMustExist: true });
    db.pragma("busy_timeout = 5000");
    db.pragma("trusted_schema = OFF");
    return db;
  } catch (error) {
    throw asOpenError(error, file);
  }
}

/** Runs quick_check and throws DB_DAMAGED with the first finding. */
export function quickCheck(db: Database.Database, file: string): void {
  const rows = db.pragma("quick_check(1)") as { quick_check: string }[];
  const finding = rows[0]?.quick_check;
  if (finding !== "ok") {
    throw new GoclawError("DB_DAMAGED", damagedText(file, finding ?? "no answer"));
  }
}

function damagedText(file: string, why: string): string {
  return `the database ${file} is damaged (${why}); it was not changed. Restore a file from backups/ or move it away`;
}

function assertVersion(db: Database.Database): void {
  const version = db.prepare("SELECT sqlite_version()").pluck().get() as string;
  const parts = version.split(".").map(Number);
  for (const [index, least] of MIN_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least)
      throw new GoclawError("INTERNAL", `SQLite ${version} is older than ${MIN_SQLITE.join(".")}`);
  }
}

/** SQLite's error classes as ours: full and I/O errors may pass, everything else about a file means damage. */
export function faultCode(error: unknown): Code | undefined {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== "string") return undefined;
  if (code === "SQLITE_FULL" || code === "ENOSPC") return "DISK_FULL";
  if (
    code.startsWith("SQLITE_BUSY") ||
    code.startsWith("SQLITE_IOERR") ||
    code === "SQLITE_READONLY" ||
    code === "SQLITE_CANTOPEN"
  )
    return "IO_ERROR";
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB") return "DB_DAMAGED";
  return undefined;
}

/** A failed write in words, for whoever asked for it. */
export function faultText(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && code.startsWith("SQLITE_BUSY"))
    return "another program keeps the database locked; nothing was accepted. End it, the daemon goes on by itself";
  switch (faultCode(error)) {
    case "DISK_FULL":
      return "the disk is full; nothing was accepted. Free some space, the daemon goes on by itself";
    case "IO_ERROR":
      return "the database cannot be written; nothing was accepted. See logs/system.jsonl";
    case "DB_DAMAGED":
      return "the database is damaged; nothing was accepted. Stop the daemon and restore a backup";
    default:
      return "a defect in goclaw; the log has the details";
  }
}

export function asOpenError(error: unknown, file: string): GoclawError {
  if (error instanceof GoclawError) return error;
  const code = faultCode(error);
  if (code === "DB_DAMAGED")
    return new GoclawError(code, damagedText(file, messageOf(error)), { cause: error });
  if (code === "DISK_FULL")
    return new GoclawError(code, `no space to open ${file}; free some and start again`);
  return new GoclawError(code ?? "DB_DAMAGED", `cannot open ${file}: ${messageOf(error)}`, { cause: error });
}
