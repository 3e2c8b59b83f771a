// The schema says what the vocabulary says, and refuses rows that break it: a task that cannot exist in the state
// machine cannot exist in the table either.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeEach, expect, test } from "vitest";
import { isTerminal, PRIORITY, TASK_STATES } from "../../src/domain/task.ts";
import { ROOT, readText } from "../support/tree.ts";
import { verifies } from "../support/verifies.ts";

const MIGRATIONS = "src/store/migrations";

let db: Database.Database;
beforeEach(() => {
  db = new Database(":memory:");
  for (const file of readdirSync(join(ROOT, MIGRATIONS)).sort()) db.exec(readText(`${MIGRATIONS}/${file}`));
  db.exec(
    "INSERT INTO sessions (id, agent_id, fair_tag, anchor, created_at, updated_at) VALUES ('s', 'default', 1, 1, 1, 1)",
  );
  return () => db.close();
});

const INSERT_SQL = `
  INSERT INTO tasks (id, session_id, anchor, agent_id, kind, state, priority, fair_tag, attempt, max_attempts, available_at,
                     lease_owner, lease_until, trace_id, created_at, updated_at, finished_at)
  VALUES ('t', 's', 1, 'default', 'chat', @state, @priority, 1, @attempt, 3, 1,
          @owner, @until, 'trace', 1, 1, @finishedAt)`;

interface Row {
  readonly state: string;
  readonly priority: number;
  readonly attempt: number;
  readonly owner: string | null;
  readonly until: number | null;
  readonly finishedAt: number | null;
}

/** A row as the state machine wants it: leased iff an attempt holds it, finished iff it has ended. */
function rightRow(state: (typeof TASK_STATES)[number]): Row {
  const leased = state === "CLAIMED" || state === "RUNNING";
  return {
    state,
    priority: PRIORITY.default,
    attempt: 1,
    owner: leased ? "boot" : null,
    until: leased ? 5 : null,
    finishedAt: isTerminal(state) ? 9 : null,
  };
}

const insert = (row: Row) => db.prepare(INSERT_SQL).run(row);

test(verifies("STM-001", "the schema takes the eight states and no other"), () => {
  for (const state of TASK_STATES) {
    insert(rightRow(state));
    db.exec("DELETE FROM tasks");
  }
  for (const state of ["PENDING", "queued", "SUSPENDED", ""]) {
    expect(() => insert({ ...rightRow("QUEUED"), state })).toThrow(/CHECK/);
  }
});

test.each(TASK_STATES)(verifies("STM-001", "%s is leased exactly when an attempt holds it"), (state) => {
  const row = rightRow(state);
  const wrong = row.owner === null ? { owner: "boot", until: 5 } : { owner: null, until: null };
  expect(() => insert({ ...row, ...wrong })).toThrow(/lease_iff_owned/);
  expect(() => insert({ ...row, owner: row.owner, until: row.owner === null ? 5 : null })).toThrow(
    /lease_iff_owned/,
  );
});

test.each(TASK_STATES)(verifies("STM-001", "%s has an end time exactly when it has ended"), (state) => {
  const row = rightRow(state);
  expect(() => insert({ ...row, finishedAt: row.finishedAt === null ? 9 : null })).toThrow(
    /finished_iff_terminal/,
  );
});

test("the schema takes the priorities of the vocabulary and no more attempts than allowed", () => {
  const row = rightRow("QUEUED");
  for (const priority of [PRIORITY.min, PRIORITY.max]) {
    insert({ ...row, priority });
    db.exec("DELETE FROM tasks");
  }
  for (const priority of [PRIORITY.min - 1, PRIORITY.max + 1]) {
    expect(() => insert({ ...row, priority })).toThrow(/CHECK/);
  }
  expect(() => insert({ ...row, attempt: 4 })).toThrow(/CHECK/);
});
