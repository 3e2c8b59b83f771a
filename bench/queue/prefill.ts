// Fills a database before the clock starts, with the product's own migrations and verbs, so that the rows are the ones
// a daemon would have written; only the waiting for the disk is left out. Nothing else may have the file open.

import { listAssets, readAsset } from "../../src/native.ts";
import { cancel } from "../../src/queue/cancel.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { loadCounts } from "../../src/queue/transition.ts";
import { openDatabase } from "../../src/store/database.ts";
import { migrate, parseMigrations } from "../../src/store/migrate.ts";
import { WriterTx } from "../../src/store/tx.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { newTask } from "./goclaw.ts";

const BATCH = 5_000;
const PRIORITIES = [0, 1, -1];

type Write = (tx: WriterTx, index: number) => void;

/** Puts `count` queued tasks, in sessions of their own and at three priorities, into `file`. */
export function prefillTasks(file: string, count: number, priorities: readonly number[] = PRIORITIES): void {
  writeMany(file, count, (tx, index) => {
    enqueue.run(tx, newTask(index, priorities[index % priorities.length]));
  });
}

/** Puts one canceled task with at least `count` events into `file`; returns its id. */
export function prefillEvents(file: string, count: number): string {
  const task = newTask(0);
  const { id: taskId, sessionId, agentId } = task;
  const noMove = { from: null, to: null, reasonCode: null };
  writeMany(file, count + 2, (tx, index) => {
    if (index === 0) enqueue.run(tx, task);
    else if (index === count + 1) cancel.run(tx, { taskId });
    else {
      const payload = { tool: "now", turn: 0, call: index, key: taskId, class: "pure" };
      tx.append({ taskId, sessionId, agentId, type: "tool.start", ...noMove, attempt: 1, payload });
    }
  });
  return taskId;
}

function writeMany(file: string, count: number, write: Write): void {
  const db = openDatabase(file, undefined, false);
  db.pragma("synchronous = OFF");
  migrate(db, migrations(), systemClock.nowMs(), () => {});
  const tx = new WriterTx(db, systemClock, systemRandom);
  loadCounts(tx);
  for (let start = 0; start < count; start += BATCH) {
    db.exec("BEGIN IMMEDIATE");
    for (let index = start; index < Math.min(count, start + BATCH); index++) {
      tx.beginVerb();
      write(tx, index);
    }
    db.exec("COMMIT");
    tx.committed();
  }
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}

function migrations(): ReturnType<typeof parseMigrations> {
  const names = listAssets("migrations/");
  return parseMigrations(
    names.map((name) => ({ name: name.slice(name.indexOf("/") + 1), sql: readAsset(name) ?? "" })),
  );
}
