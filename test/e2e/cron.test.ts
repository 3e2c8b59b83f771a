// Schedules through the real daemon: what is due fires, what was missed is caught up or recorded, and a kill doubles
// nothing. Nobody waits for a minute: slots are made due in the database while no daemon runs.

import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

const MINUTE_MS = 60_000;

function ask<T>(sql: string): T[] {
  const db = new Database(join(rig.home, "goclaw.db"), { readonly: true, timeout: 5_000 });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

function change(sql: string): void {
  const db = new Database(join(rig.home, "goclaw.db"), { timeout: 5_000 });
  db.exec(sql);
  db.close();
}

interface RunRow {
  readonly slot_at: number;
  readonly outcome: string;
  readonly reason_code: string | null;
  readonly task_id: string | null;
}

const runs = (): RunRow[] =>
  ask("SELECT slot_at, outcome, reason_code, task_id FROM schedule_runs ORDER BY schedule_id, slot_at");
const thisMinute = (): number => Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

test("a schedule of config.yaml fires its task, and goes on to its next slot", async () => {
  const schedules = [{ name: "tick", cron_expr: "* * * * *", prompt: "task tick", misfire: "once" }];
  rig = await createRig({ config: { schedules } });
  const first = await rig.start();
  expect(runs()).toEqual([]);
  await first.stop();
  const slot = thisMinute() - 10 * MINUTE_MS;
  change(`UPDATE schedules SET next_at = ${slot}`);
  await rig.start();
  await until("the task to end", () => ask("SELECT 1 FROM tasks WHERE state = 'SUCCEEDED'").length === 1);
  const rows = runs();
  const newest = rows.at(-1);
  expect(newest).toMatchObject({ outcome: expect.stringMatching(/ran|caught_up/) });
  expect(rows.slice(0, -1).every(({ outcome }) => outcome === "missed")).toBe(true);
  expect(rows[0]?.slot_at).toBe(slot);
  expect(rows.length).toBeGreaterThanOrEqual(11);
  expect(rig.stub.calls).toHaveLength(1);
});
