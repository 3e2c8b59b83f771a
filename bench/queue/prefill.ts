// Fills a database before the clock starts, with the product's own migrations, verbs and batches, so that the rows are
// the ones a daemon would have written; only the waiting for the disk is left out. Nothing else may have the file open.

import { listAssets, readAsset } from "../../src/native.ts";
import { cancel } from "../../src/queue/cancel.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { loadCounts } from "../../src/queue/transition.ts";
import { runBatch } from "../../src/store/batch.ts";
import { openDatabase } from "../../src/store/database.ts";
import { migrate, parseMigrations } from "../../src/store/migrate.ts";
import { WriterTx } from "../../src/store/tx.ts";
import { type AnyVerb, defineVerb } from "../../src/store/verb.ts";
import type { Call } from "../../src/store/wire.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { newTask } from "./goclaw.ts";

const BATCH = 5_000;
const PRIORITIES = [0, 1, -1];

/** Puts `count` queued tasks, in sessions of their own and at three priorities, into `file`. */
export function prefillTasks(file: string, count: number, priorities: readonly number[] = PRIORITIES): void {
  runCalls(file, [enqueue], count, (index) => {
    return { verb: enqueue.name, input: newTask(priorities[index % priorities.length]) };
  });
}

/** Puts one canceled task with at least `count` events into `file`; returns its id. */
export function prefillEvents(file: string, count: number): string {
  const task = newTask();
  const { id: taskId, sessionId, agentId } = task;
  const noMove = { from: null, to: null, reasonCode: null };
  const appendTool = defineVerb("bench.append_tool", (tx, index: number): void => {
    const payload = { tool: "now", turn: 0, call: index, key: taskId, class: "pure" };
    tx.append({ taskId, sessionId, agentId, type: "tool.start", ...noMove, attempt: 1, payload });
  });
  runCalls(file, [enqueue, cancel, appendTool], count + 2, (index) => {
    if (index === 0) return { verb: enqueue.name, input: task };
    if (index === count + 1) return { verb: cancel.name, input: { taskId } };
    return { verb: appendTool.name, input: index };
  });
  return taskId;
}

function runCalls(
  file: string,
  verbs: readonly AnyVerb[],
  count: number,
  callAt: (index: number) => Call,
): void {
  const db = openDatabase(file, undefined, false);
  db.pragma("synchronous = OFF");
  migrate(db, migrations(), systemClock.nowMs(), () => {});
  const tx = new WriterTx(db, systemClock, systemRandom);
  loadCounts(tx);
  tx.committed();
  const known = new Map(verbs.map((verb) => [verb.name, verb]));
  for (let start = 0; start < count; start += BATCH) {
    const calls = Array.from({ length: Math.min(BATCH, count - start) }, (_, offset) =>
      callAt(start + offset),
    );
    const { results, fault } = runBatch(
      db,
      tx,
      known,
      calls,
      () => [],
      (_verb, error) => console.error(error),
    );
    const refused = results.find((result) => !result.ok);
    if (refused !== undefined) throw new Error(`prefill: ${JSON.stringify(refused)}`, { cause: fault });
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
