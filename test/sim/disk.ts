// A disk that fails when told to. It stands between the writer and its COMMIT, the one moment at which a transaction
// meets the disk: the commit is refused, or it is made and reported as failed.

import Database from "better-sqlite3";

export type DiskState = "good" | "full" | "broken" | "forgetful";

export interface Disk {
  state: DiskState;
  /** Commits that were refused or misreported. */
  faults: number;
  uninstall(): void;
}

const FAULTS: Readonly<Record<Exclude<DiskState, "good">, string>> = {
  full: "SQLITE_FULL",
  broken: "SQLITE_IOERR_WRITE",
  forgetful: "SQLITE_IOERR_FSYNC",
};

/** Every connection of this process that writes is on this disk, until `uninstall`. */
export function installDisk(): Disk {
  const { exec } = Database.prototype;
  const changesBefore = new WeakMap<Database.Database, number>();
  // A transaction that wrote nothing does not meet the disk.
  const wrote = (db: Database.Database): boolean => {
    const changes = db.prepare("SELECT total_changes()").pluck().get() as number;
    const before = changesBefore.get(db) ?? 0;
    changesBefore.set(db, changes);
    return changes > before;
  };
  const disk: Disk = { state: "good", faults: 0, uninstall: () => restore() };
  Database.prototype.exec = function (this: Database.Database, sql: string): Database.Database {
    if (sql !== "COMMIT" || !wrote(this) || disk.state === "good") return exec.call(this, sql);
    disk.faults++;
    if (disk.state === "forgetful") {
      exec.call(this, sql);
      throw diskError("forgetful");
    }
    throw diskError(disk.state);
  };
  return disk;

  function restore(): void {
    Database.prototype.exec = exec;
  }
}

function diskError(state: Exclude<DiskState, "good">): Error {
  return Object.assign(new Error(`the disk is ${state}`), { code: FAULTS[state] });
}
