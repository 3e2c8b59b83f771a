// The limit: the least a durable queue can do with SQLite on this disk. A task row and an event row for every move,
// synchronous=FULL; `single` commits each move, `grouped` all that one turn of the event loop asked for.

import { join } from "node:path";
import Database from "better-sqlite3";
import { type OpenQueue, PROMPT, type Queue } from "./contract.ts";

const SCHEMA_SQL = `
  CREATE TABLE tasks (id INTEGER PRIMARY KEY, state TEXT NOT NULL, tag INTEGER NOT NULL, prompt TEXT NOT NULL,
                      attempt INTEGER NOT NULL DEFAULT 0, lease_until INTEGER, at INTEGER NOT NULL) STRICT;
  CREATE INDEX tasks_queued ON tasks (id) WHERE state = 'QUEUED';
  CREATE TABLE events (seq INTEGER PRIMARY KEY, task_id INTEGER NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL) STRICT;`;

const INSERT_SQL = "INSERT INTO tasks (state, tag, prompt, at) VALUES ('QUEUED', ?, ?, ?)";
const EVENT_SQL = "INSERT INTO events (task_id, state, at) VALUES (?, ?, ?)";
const CLAIM_SQL = `
  UPDATE tasks SET state = 'RUNNING', attempt = attempt + 1, lease_until = ? + 30000, at = ?
  WHERE id IN (SELECT id FROM tasks WHERE state = 'QUEUED' ORDER BY id LIMIT ?) RETURNING id, tag`;
const FINISH_SQL = "UPDATE tasks SET state = 'SUCCEEDED', lease_until = NULL, at = ? WHERE id = ?";

interface Claimed {
  readonly id: number;
  readonly tag: number;
}

type Run = <Value>(write: () => Value) => Promise<Value>;

export const openSingle: OpenQueue = async ({ directory }) => openLimit(directory, commitEach);
export const openGrouped: OpenQueue = async ({ directory }) => openLimit(directory, commitTogether);

function openLimit(directory: string, discipline: (db: Database.Database) => Run): Queue {
  const db = new Database(join(directory, "limit.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(SCHEMA_SQL);
  const [insert, event, claimRows, end] = [INSERT_SQL, EVENT_SQL, CLAIM_SQL, FINISH_SQL].map((sql) =>
    db.prepare(sql),
  ) as [Database.Statement, Database.Statement, Database.Statement, Database.Statement];
  const run = discipline(db);
  let wake = (): void => {};

  const add = (tag: number): void => {
    const now = Date.now();
    event.run(insert.run(tag, PROMPT, now).lastInsertRowid, "QUEUED", now);
  };
  const claim = (limit: number): Claimed[] => {
    const now = Date.now();
    const rows = claimRows.all(now, now, limit) as Claimed[];
    for (const { id } of rows) event.run(id, "RUNNING", now);
    return rows;
  };
  const finish = (id: number): void => {
    const now = Date.now();
    end.run(now, id);
    event.run(id, "SUCCEEDED", now);
  };
  return {
    blocks: discipline === commitEach,
    enqueue: async (tag) => {
      await run(() => add(tag));
      wake();
    },
    fill: async (count) => {
      db.transaction(() => {
        for (let tag = 0; tag < count; tag++) add(tag);
      })();
    },
    work: async (lanes, onStart, onEnd) => {
      const most = discipline === commitEach ? 1 : lanes;
      const take = (free: number): Promise<Claimed[]> => run(() => claim(Math.min(free, most)));
      wake = startLanes(lanes, take, (id) => run(() => finish(id)), onStart, onEnd);
      wake();
    },
  };
}

/** One claim at a time, for all free lanes. Returns what wakes it. */
function startLanes(
  lanes: number,
  claim: (limit: number) => Promise<Claimed[]>,
  finish: (id: number) => Promise<void>,
  onStart: (tag: number) => void,
  onEnd: () => void,
): () => void {
  let free = lanes;
  let claiming = false;
  const wake = async (): Promise<void> => {
    if (claiming || free === 0) return;
    claiming = true;
    const rows = await claim(free);
    claiming = false;
    free -= rows.length;
    if (rows.length > 0 && free > 0) setImmediate(wake);
    for (const { id, tag } of rows) {
      onStart(tag);
      void finish(id).then(() => {
        free++;
        onEnd();
        setImmediate(wake);
      });
    }
  };
  return () => void wake();
}

function commitEach(db: Database.Database): Run {
  return async (write) => db.transaction(write).immediate();
}

function commitTogether(db: Database.Database): Run {
  /** Each does its writing and returns what is to be told after the COMMIT. */
  let waiting: (() => () => void)[] = [];
  const commit = (): void => {
    const writes = waiting;
    waiting = [];
    db.exec("BEGIN IMMEDIATE");
    const answers = writes.map((write) => write());
    db.exec("COMMIT");
    for (const answer of answers) answer();
  };
  return (write) =>
    new Promise((resolve) => {
      const waiters = waiting.push(() => {
        const value = write();
        return () => resolve(value);
      });
      if (waiters === 1) setImmediate(commit);
    });
}
