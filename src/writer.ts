// The root of the writer thread: opens goclaw.db with every verb, the migrations and the heartbeat. The main thread
// starts it through native.ts and talks to it through store/store.ts.

import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import { listAssets, readAsset, sqliteBinding } from "./native.ts";
import { createHeartbeat } from "./queue/heartbeat.ts";
import { loadCounts } from "./queue/transition.ts";
import { parseMigrations } from "./store/migrate.ts";
import { startWriterThread } from "./store/thread.ts";
import { systemClock, systemRandom } from "./system.ts";
import { VERBS } from "./verbs.ts";

/** The first message from the main thread: until it comes, the home may belong to another daemon. */
export interface WriterData {
  readonly file: string;
  readonly backups: string;
  readonly bootId: string;
  readonly leaseMs: number;
}

const MIGRATIONS = "migrations/";

if (parentPort !== null) {
  const port = parentPort;
  const binding = sqliteBinding();
  const migrations = listAssets(MIGRATIONS).map((name) => ({
    name: name.slice(MIGRATIONS.length),
    sql: readAsset(name) ?? "",
  }));
  port.once("message", ({ file, backups, bootId, leaseMs }: WriterData) =>
    startWriterThread({
      file,
      binding,
      port,
      clock: systemClock,
      random: systemRandom,
      verbs: VERBS,
      migrations: parseMigrations(migrations),
      chores: [createHeartbeat(bootId, leaseMs)],
      load: loadCounts,
      backup: (db, fromVersion) => {
        const name = `goclaw-schema${fromVersion}-${systemClock.nowMs()}.db`;
        db.prepare("VACUUM INTO ?").run(join(backups, name));
      },
    }),
  );
}
