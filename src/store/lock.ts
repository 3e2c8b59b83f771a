// The home lock: a second tiny SQLite file held in EXCLUSIVE mode for as long as the daemon lives. The kernel frees it
// on kill -9, so there is no stale lock to judge; the pid beside it is only for the message.

import { readFileSync, writeFileSync } from "node:fs";
import { GoclawError } from "../domain/error.ts";
import { connect, faultCode, type SqliteBinding } from "./database.ts";

export interface HomeLock {
  release(): void;
}

/** Throws HOME_LOCKED naming the owner's pid when another daemon holds the home. */
export function lockHome(lockFile: string, pidFile: string, binding: SqliteBinding, pid: number): HomeLock {
  const db = connect(lockFile, binding, { timeout: 0 });
  try {
    db.pragma("locking_mode = EXCLUSIVE");
    db.exec("BEGIN EXCLUSIVE");
    writeFileSync(pidFile, `${pid}\n`, { mode: 0o600 });
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code?.startsWith("SQLITE_BUSY")) throw lockedError(pidFile);
    const code = faultCode(error) ?? "IO_ERROR";
    throw new GoclawError(code, `cannot lock the home with ${lockFile}: ${(error as Error).message}`);
  }
  return { release: () => db.close() };
}

function lockedError(pidFile: string): GoclawError {
  let owner = "another goclaw";
  try {
    owner = `goclaw with pid ${readFileSync(pidFile, "utf8").trim()}`;
  } catch {
    // the owner has the lock but has not written its pid yet
  }
  return new GoclawError("HOME_LOCKED", `${owner} owns this home; stop it, or use another --home`);
}
