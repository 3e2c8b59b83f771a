// Budgets: what may be spent, where, and until when. A limit is held at the moment a model call starts, against what is
// settled and what is in flight.

/** Limits of one scope, in US dollars and tokens; an absent one does not limit. */
export interface Budget {
  readonly perTaskUsd?: number;
  readonly perSessionUsd?: number;
  readonly perDayUsd?: number;
  readonly perMonthUsd?: number;
  readonly perTaskTokens?: number;
  readonly perDayTokens?: number;
  /** What a task does at a limit: wait for budget, or end. */
  readonly onLimit: "suspend" | "fail";
}

export type LimitPeriod = "task" | "session" | "day" | "month";

/** One limit as it is checked. `scope` is `all` or `agent:<id>`; `name` is the config key, for messages. */
export interface Limit {
  readonly name: string;
  readonly scope: string;
  readonly period: LimitPeriod;
  readonly unit: "usd" | "tokens";
  readonly cap: number;
  readonly onLimit: "suspend" | "fail";
}

/** The limits of a budget in the order they are checked. `where` is the config path of the budget. */
export function limitsOf(budget: Budget, scope: string, where: string): Limit[] {
  const { onLimit } = budget;
  const limit = (
    key: string,
    period: LimitPeriod,
    unit: "usd" | "tokens",
    cap: number | undefined,
  ): Limit[] => (cap === undefined ? [] : [{ name: `${where}.${key}`, scope, period, unit, cap, onLimit }]);
  return [
    ...limit("per_task_usd", "task", "usd", budget.perTaskUsd),
    ...limit("per_task_tokens", "task", "tokens", budget.perTaskTokens),
    ...limit("per_session_usd", "session", "usd", budget.perSessionUsd),
    ...limit("per_day_usd", "day", "usd", budget.perDayUsd),
    ...limit("per_day_tokens", "day", "tokens", budget.perDayTokens),
    ...limit("per_month_usd", "month", "usd", budget.perMonthUsd),
  ];
}

/** A billionth of a dollar: sums of many small costs are off by less, and a limit that is met exactly is not passed. */
const ROUNDING = 1e-9;

export function fits(amount: number, cap: number): boolean {
  return amount <= cap + ROUNDING;
}

/** The UTC day and month of a moment, as the periods of spend_totals. */
export function periodsOf(atMs: number): { readonly day: string; readonly month: string } {
  const iso = new Date(atMs).toISOString();
  return { day: `day:${iso.slice(0, 10)}`, month: `month:${iso.slice(0, 7)}` };
}

/** When the period that holds `atMs` ends (UTC), epoch ms; null for limits that never reset. */
export function resetsAt(period: LimitPeriod, atMs: number): number | null {
  const at = new Date(atMs);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  if (period === "day") return Date.UTC(year, month, day + 1);
  return period === "month" ? Date.UTC(year, month + 1, 1) : null;
}
