// Read models of schedules and their runs. A schedule that was removed is found by its id only, for what it left behind.

import { type Budget, toBudget, type WireBudget } from "../domain/budget.ts";
import type { Schedule, ScheduleRun } from "../domain/schedule.ts";
import type { TaskState } from "../domain/task.ts";
import type { Reader } from "./reader.ts";

export const SCHEDULE_COLUMNS = `
  id, name, cron_expr AS cronExpr, timezone, agent_id AS agentId, prompt, session_id AS sessionId, model, misfire, overlap,
  off, source, created_by AS createdBy, key_id AS keyId, budgets, next_at AS nextAt, created_at AS createdAt,
  updated_at AS updatedAt`;

export type ScheduleRow = Omit<Schedule, "budgets"> & { readonly budgets: string };

export function toSchedule(row: ScheduleRow): Schedule {
  return { ...row, budgets: JSON.parse(row.budgets) as WireBudget };
}

const LIST_SQL = `SELECT ${SCHEDULE_COLUMNS} FROM schedules WHERE removed_at IS NULL ORDER BY name`;

export function listSchedules(reader: Reader): Schedule[] {
  return reader.all<ScheduleRow>(LIST_SQL).map(toSchedule);
}

const FIND_SQL = `
  SELECT ${SCHEDULE_COLUMNS} FROM schedules
  WHERE (id = @schedule OR name = @schedule) AND removed_at IS NULL ORDER BY id = @schedule DESC LIMIT 1`;

/** `schedule` is an id or a name; a name that is the id of another does not hide that one. */
export function findSchedule(reader: Reader, schedule: string): Schedule | undefined {
  const row = reader.get<ScheduleRow>(FIND_SQL, { schedule });
  return row && toSchedule(row);
}

const BUDGET_SQL = "SELECT name, budgets FROM schedules WHERE id = @id";

/** Also of a schedule that was removed: its tasks go on. */
export function findScheduleBudget(reader: Reader, id: string): { name: string; budget: Budget } | undefined {
  const row = reader.get<{ name: string; budgets: string }>(BUDGET_SQL, { id });
  return row && { name: row.name, budget: toBudget(JSON.parse(row.budgets) as WireBudget) };
}

const AHEAD_SQL = "SELECT id FROM schedules WHERE next_at > @at";

/** Schedules that do not fire before then. */
export function schedulesAfter(reader: Reader, at: number): string[] {
  return reader.all<{ id: string }>(AHEAD_SQL, { at }).map(({ id }) => id);
}

/** What the engine has to look at, and when. */
export interface Pending {
  /** When the next slot is due; null when nothing is scheduled. */
  readonly nextAt: number | null;
  /** Schedules with a slot that is due. */
  readonly due: readonly string[];
  /** Schedules with a slot whose turn it is. */
  readonly waiting: readonly string[];
  /** Whether any slot waits for its turn. */
  readonly someWait: boolean;
}

const NEXT_SQL = "SELECT min(next_at) AS nextAt FROM schedules WHERE next_at IS NOT NULL";
const DUE_SQL = "SELECT id FROM schedules WHERE next_at <= @now ORDER BY next_at LIMIT 1000";
const TURN_SQL = `
  SELECT DISTINCT schedule_id AS id FROM schedule_runs AS runs
  WHERE outcome = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM tasks WHERE tasks.schedule_id = runs.schedule_id AND tasks.finished_at IS NULL)
  LIMIT 1000`;

const SOME_WAIT_SQL = "SELECT 1 FROM schedule_runs WHERE outcome = 'waiting' LIMIT 1";

export function pendingSchedules(reader: Reader, now: number): Pending {
  const ids = (rows: { id: string }[]): string[] => rows.map(({ id }) => id);
  return {
    nextAt: reader.get<{ nextAt: number | null }>(NEXT_SQL)?.nextAt ?? null,
    due: ids(reader.all<{ id: string }>(DUE_SQL, { now })),
    waiting: ids(reader.all<{ id: string }>(TURN_SQL)),
    someWait: reader.get(SOME_WAIT_SQL) !== undefined,
  };
}

const RUNS_SQL = `
  SELECT slot_at AS slotAt, outcome, runs.reason_code AS reasonCode, reason, since_at AS sinceAt, task_id AS taskId, at,
         tasks.state AS taskState
  FROM schedule_runs AS runs LEFT JOIN tasks ON tasks.id = runs.task_id
  WHERE runs.schedule_id = @id AND slot_at < @before ORDER BY slot_at DESC LIMIT @limit`;

export type RunOfTask = ScheduleRun & { readonly taskState: TaskState | null };

/** The newest first, those of slots before `before` (epoch ms). */
export function scheduleRuns(reader: Reader, id: string, before: number, limit: number): RunOfTask[] {
  return reader.all<RunOfTask>(RUNS_SQL, { id, before, limit });
}

export interface RunCost {
  readonly tasks: number;
  /** US dollars in all; null when a price or a count is not known. */
  readonly usd: number | null;
}

const COST_SQL = `
  SELECT count(DISTINCT bought.task_id) AS tasks,
         CASE WHEN count(*) = count(bought.cost_usd) AND coalesce(sum(bought.partial), 0) = 0 THEN sum(bought.cost_usd) END AS usd
  FROM purchases AS bought CROSS JOIN tasks ON tasks.id = bought.task_id
  WHERE bought.at >= @since AND tasks.agent_id = @agentId AND tasks.kind = 'chat'
    AND (@scheduleId IS NULL OR tasks.schedule_id = @scheduleId)`;

/** What tasks of the agent cost since then: those of one schedule, or all of them. */
export function costOfRuns(
  reader: Reader,
  agentId: string,
  scheduleId: string | null,
  since: number,
): RunCost {
  return reader.get<RunCost>(COST_SQL, { agentId, scheduleId, since }) ?? { tasks: 0, usd: null };
}
