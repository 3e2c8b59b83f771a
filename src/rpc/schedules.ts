// What the methods of cron share: finding the schedule that a client names, what an API key may do with it, and how
// clients see it.

import { isZone, parseCron } from "../domain/cron.ts";
import { GoclawError } from "../domain/error.ts";
import type { KeyGrant } from "../domain/key.ts";
import type { Schedule } from "../domain/schedule.ts";
import { type Plan, slotsPerDay, take } from "../engine/cron/slots.ts";
import { costOfRuns, findSchedule, type RunOfTask, scheduleRuns } from "../store/schedules.ts";
import { requireAgent } from "./key-scope.ts";
import { paramsOf, type RpcPorts } from "./method.ts";

/** `schedule_id` is an id or a name. */
export interface BySchedule {
  readonly schedule_id: string;
}

const SCHEDULE_REF = { type: "string", minLength: 1, maxLength: 64 };
export const BY_SCHEDULE = paramsOf({ schedule_id: SCHEDULE_REF }, ["schedule_id"]);
export const SCHEDULE_REF_PARAM = { schedule_id: SCHEDULE_REF };

export function requireSchedule({ store }: RpcPorts, reference: string): Schedule {
  const schedule = findSchedule(store.reader, reference);
  if (schedule !== undefined) return schedule;
  throw new GoclawError(
    "SCHEDULE_NOT_FOUND",
    `there is no schedule ${JSON.stringify(reference)}; goclaw cron list shows them`,
  );
}

/** A schedule that does not exist is for the method to say. */
export function readableByKey<P extends BySchedule>({ store }: RpcPorts, params: P, key: KeyGrant): P {
  const schedule = findSchedule(store.reader, params.schedule_id);
  if (schedule !== undefined) requireAgent(key, schedule.agentId);
  return params;
}

/** What somebody else made runs with their rights, so a key changes only what it made itself. */
export function ownedByKey<P extends BySchedule>(ports: RpcPorts, params: P, key: KeyGrant): P {
  readableByKey(ports, params, key);
  const schedule = findSchedule(ports.store.reader, params.schedule_id);
  if (schedule === undefined || schedule.keyId === key.id) return params;
  throw new GoclawError(
    "KEY_DENIED",
    `API key ${key.name} did not make schedule ${schedule.name}; use the home's own token`,
  );
}

export const PROMPT_CHARS = 100_000;

/** The schema of a text that is there. */
export const textParam = (maxLength: number) => ({ type: "string", minLength: 1, maxLength });

export function checkClock(method: string, cronExpr: string, timezone: string): void {
  const say = (field: string, value: string, why: string): GoclawError =>
    new GoclawError("BAD_REQUEST", `${method}: ${field} ${JSON.stringify(value.slice(0, 80))}: ${why}`);
  const fields = parseCron(cronExpr);
  if (typeof fields === "string") throw say("cron_expr", cronExpr, fields);
  if (!isZone(timezone))
    throw say("timezone", timezone, "there is no such zone; write for example Europe/Berlin");
}

export function checkPrompt(method: string, prompt: string): string {
  if (prompt.trim() !== "") return prompt;
  throw new GoclawError("BAD_REQUEST", `${method}: the prompt is empty; say what is to be done`);
}

export type WireSchedule = ReturnType<typeof toWireSchedule>;
export type WireRun = ReturnType<typeof toWireRun>;

export function toWireSchedule({ store }: RpcPorts, schedule: Schedule) {
  const [last] = scheduleRuns(store.reader, schedule.id, Number.MAX_SAFE_INTEGER, 1);
  return {
    id: schedule.id,
    name: schedule.name,
    cron_expr: schedule.cronExpr,
    timezone: schedule.timezone,
    agent_id: schedule.agentId,
    prompt: schedule.prompt,
    session: schedule.sessionId === null ? ("new" as const) : ("keep" as const),
    ...(schedule.sessionId === null ? {} : { session_id: schedule.sessionId }),
    ...(schedule.model === null ? {} : { model: schedule.model }),
    misfire: schedule.misfire,
    overlap: schedule.overlap,
    enabled: schedule.off === null,
    ...(schedule.off === null ? {} : { disabled_by: schedule.off }),
    source: schedule.source,
    created_by: schedule.createdBy,
    budgets: schedule.budgets,
    ...(schedule.nextAt === null ? {} : { next_at: time(schedule.nextAt) }),
    ...(last === undefined ? {} : { last_run: toWireRun(last) }),
    created_at: time(schedule.createdAt),
    updated_at: time(schedule.updatedAt),
  };
}

export function toWireRun(run: RunOfTask) {
  return {
    slot_at: time(run.slotAt),
    outcome: run.outcome,
    ...(run.reasonCode === null ? {} : { reason_code: run.reasonCode, reason: run.reason ?? "" }),
    ...(run.sinceAt === null ? {} : { since_at: time(run.sinceAt) }),
    ...(run.taskId === null ? {} : { task_id: run.taskId }),
    ...(run.taskState === null ? {} : { task_state: run.taskState }),
    at: time(run.at),
  };
}

const SHOWN_SLOTS = 3;
const HISTORY_MS = 30 * 86_400_000;

/** When it fires next, and what a day of it costs as far as the last 30 days can tell. */
export interface Outlook {
  readonly next: readonly string[];
  readonly runs_per_day: number;
  /** Null when nothing is known. */
  readonly usd_per_run: number | null;
  readonly usd_per_day: number | null;
  /** Whose runs were looked at: its own, else those of its agent. */
  readonly based_on: "schedule" | "agent" | null;
  readonly tasks: number;
}

export function outlookOf({ store, nowMs }: RpcPorts, { id, agentId }: Schedule, plan: Plan): Outlook {
  const now = nowMs();
  const own = costOfRuns(store.reader, agentId, id, now - HISTORY_MS);
  const known = own.tasks > 0 ? own : costOfRuns(store.reader, agentId, null, now - HISTORY_MS);
  const runsPerDay = slotsPerDay(plan, now);
  const usdPerRun = known.usd === null || known.tasks === 0 ? null : known.usd / known.tasks;
  return {
    next: take(plan, now, SHOWN_SLOTS).map(time),
    runs_per_day: runsPerDay,
    usd_per_run: usdPerRun,
    usd_per_day: usdPerRun === null ? null : usdPerRun * runsPerDay,
    based_on: known.tasks === 0 ? null : known === own ? "schedule" : "agent",
    tasks: known.tasks,
  };
}

export interface Scheduled {
  readonly schedule_id: string;
  readonly schedule: WireSchedule;
  readonly outlook: Outlook;
}

/** The answer to whoever lets a schedule fire. */
export function scheduled(ports: RpcPorts, schedule: Schedule, plan: Plan): Scheduled {
  ports.onScheduled();
  const { id } = schedule;
  return {
    schedule_id: id,
    schedule: toWireSchedule(ports, schedule),
    outlook: outlookOf(ports, schedule, plan),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
