// What the writer decides when a slot is fired: whether the schedule is still as it was worked out, what a key may do
// now, and what the task is.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { RUNS_KEPT } from "../../../src/domain/schedule.ts";
import { fireDue, type LookPorts } from "../../../src/engine/cron/look.ts";
import { lookPorts, putSchedule } from "../../support/cron-look.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";

const MINUTE_MS = 60_000;

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
afterAll(() => writer.close());
beforeEach(() => writer.clear());

const rows = (sql: string): unknown[] => writer.db.prepare(sql).raw().all();

test.each([
  ["switched off", "off = 'operator', next_at = NULL"],
  ["removed", "removed_at = 1, next_at = NULL"],
  ["moved", "next_at = next_at + 3600000"],
])("a schedule that was %s while it was worked out does not fire", async (_name, change) => {
  putSchedule(writer, "a");
  writer.clock.pass(MINUTE_MS);
  const ports = lookPorts(writer);
  const guard: LookPorts["guard"] = {
    ...ports.guard,
    permit: async (asked) => {
      writer.db.exec(`UPDATE schedules SET ${change}`);
      return ports.guard.permit(asked);
    },
  };
  const next = "SELECT next_at FROM schedules";
  await fireDue({ ...ports, guard });
  const after = rows(next);
  expect([rows("SELECT 1 FROM schedule_runs"), rows("SELECT 1 FROM tasks")]).toEqual([[], []]);
  await fireDue(ports);
  expect(rows(next)).toEqual(after);
});

test.each([
  ["has expired", "expires_at = 1"],
  ["is not for agent default", `agents = '["other"]'`],
  ["may not submit tasks", `scopes = '["acp.read"]'`],
  ["was revoked", "revoked_at = 1"],
])("a schedule of a key that %s leaves its slot out", async (why, change) => {
  writer.db.exec(`
    INSERT INTO api_keys (id, name, hash, agents, scopes, budgets, created_at)
    VALUES ('k', 'client', '${"0".repeat(64)}', '["default"]', '["acp.read","acp.mutate"]', '{}', 1)`);
  putSchedule(writer, "a", { keyId: "k", createdBy: "key:k" });
  writer.clock.pass(MINUTE_MS);
  await fireDue(lookPorts(writer));
  expect(rows("SELECT key_id, state FROM tasks")).toEqual([["k", "QUEUED"]]);
  writer.db.exec("UPDATE tasks SET state = 'CANCELED', finished_at = 1");
  writer.db.exec(`UPDATE api_keys SET ${change}`);
  writer.clock.pass(MINUTE_MS);
  await fireDue(lookPorts(writer));
  expect(rows("SELECT outcome, reason_code, reason FROM schedule_runs ORDER BY slot_at")).toEqual([
    ["ran", null, null],
    ["skipped", "KEY_DENIED", `the API key that made it (client) ${why}`],
  ]);
});

test("the task of a slot is of its schedule, its session, its model and its agent", async () => {
  const sessionId = "01a1f994-2cc4-7372-bbf1-9111e5a4bc0f";
  putSchedule(writer, "a", { sessionId, model: "tier:light" });
  const [[slot] = []] = rows("SELECT next_at FROM schedules") as number[][];
  writer.clock.pass(MINUTE_MS);
  await fireDue(lookPorts(writer));
  expect(
    rows(
      "SELECT tasks.schedule_id, slot_at, session_id, model, agent_id, key_id FROM schedule_runs JOIN tasks ON id = task_id",
    ),
  ).toEqual([["a", slot, sessionId, "tier:light", "default", null]]);
});

test("old runs are forgotten, and those that wait are not", async () => {
  putSchedule(writer, "a");
  writer.db.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${RUNS_KEPT + 50})
    INSERT INTO schedule_runs (schedule_id, slot_at, outcome, late, reason_code, reason, at)
    SELECT 'a', i, CASE WHEN i IN (7, 8) THEN 'waiting' ELSE 'missed' END, 0,
      CASE WHEN i NOT IN (7, 8) THEN 'SCHEDULE_MISSED' END, CASE WHEN i NOT IN (7, 8) THEN 'x' END, 1 FROM n`);
  writer.clock.pass(MINUTE_MS);
  await fireDue(lookPorts(writer));
  // The first that waits has its turn; the other still waits.
  expect(rows("SELECT slot_at, outcome FROM schedule_runs ORDER BY slot_at LIMIT 2")).toEqual([
    [7, "ran"],
    [8, "waiting"],
  ]);
  expect(rows("SELECT count(*) FROM schedule_runs")).toEqual([[RUNS_KEPT + 2]]);
});
