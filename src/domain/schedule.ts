// A schedule: a prompt that becomes a task at every slot of a cron expression. Every slot leaves a run, whatever became
// of it.

import type { WireBudget } from "./budget.ts";

/** What happens to slots that nobody was there for: nothing, one run for all of them, or a run each. */
export const MISFIRES = ["skip", "once", "all"] as const;
export type Misfire = (typeof MISFIRES)[number];

/** What happens to a slot whose predecessor still runs. */
export const OVERLAPS = ["skip", "queue"] as const;
export type Overlap = (typeof OVERLAPS)[number];

export const RUN_OUTCOMES = ["waiting", "ran", "caught_up", "skipped", "missed"] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** What a schedule says, wherever it says it. */
export interface ScheduleOrder {
  readonly name: string;
  readonly cronExpr: string;
  readonly timezone: string;
  readonly agentId: string;
  readonly prompt: string;
  /** Whether all runs share one session, or each has its own. */
  readonly session: "new" | "keep";
  readonly model: string | null;
  readonly misfire: Misfire;
  readonly overlap: Overlap;
  readonly enabled: boolean;
  readonly budgets: WireBudget;
}

/** Times are epoch ms. */
export interface Schedule extends Omit<ScheduleOrder, "enabled" | "session"> {
  readonly id: string;
  /** The session of all runs; null gives each its own. */
  readonly sessionId: string | null;
  /** Why it does not fire: `operator`, `config`, or what is wrong with it; null while it does. */
  readonly off: string | null;
  readonly source: "config" | "api";
  /** `config`, `token` or `key:<id>`. */
  readonly createdBy: string;
  readonly keyId: string | null;
  readonly nextAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ScheduleRun {
  readonly slotAt: number;
  readonly outcome: RunOutcome;
  readonly reasonCode: string | null;
  readonly reason: string | null;
  /** The first of the slots that this run stands for; null when it is only its own. */
  readonly sinceAt: number | null;
  readonly taskId: string | null;
  readonly at: number;
}

export const SCHEDULES_PER_AGENT_MAX = 100;
/** Runs of one schedule that are kept; older ones are forgotten. */
export const RUNS_KEPT = 1_000;
/** Slots that catch up or are recorded as missed after one outage, and slots that may wait for their turn. */
export const CATCH_UP_MAX = 100;
/** A slot is on time until then; after that it was missed. */
export const ON_TIME_MS = 60_000;

export const SCHEDULE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
