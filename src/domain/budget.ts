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
  /** For a scope that ends with its budget, such as an API key. */
  readonly totalUsd?: number;
  /** What a task does at a limit: wait for budget, or end. */
  readonly onLimit: "suspend" | "fail";
}

/** A budget as configuration, clients and rows write it. */
export interface WireBudget {
  readonly per_task_usd?: number;
  readonly per_session_usd?: number;
  readonly per_day_usd?: number;
  readonly per_month_usd?: number;
  readonly per_task_tokens?: number;
  readonly per_day_tokens?: number;
  readonly total_usd?: number;
  readonly on_limit?: "suspend" | "fail";
}

export function toBudget(given: WireBudget): Budget {
  return {
    ...(given.per_task_usd === undefined ? {} : { perTaskUsd: given.per_task_usd }),
    ...(given.per_session_usd === undefined ? {} : { perSessionUsd: given.per_session_usd }),
    ...(given.per_day_usd === undefined ? {} : { perDayUsd: given.per_day_usd }),
    ...(given.per_month_usd === undefined ? {} : { perMonthUsd: given.per_month_usd }),
    ...(given.per_task_tokens === undefined ? {} : { perTaskTokens: given.per_task_tokens }),
    ...(given.per_day_tokens === undefined ? {} : { perDayTokens: given.per_day_tokens }),
    ...(given.total_usd === undefined ? {} : { totalUsd: given.total_usd }),
    onLimit: given.on_limit ?? "suspend",
  };
}

export type LimitPeriod = "task" | "session" | "day" | "month" | "total";

/** Who spends: everybody, an agent, a provider, an API key, a schedule. */
export type Scope = "all" | `agent:${string}` | `provider:${string}` | `key:${string}` | `schedule:${string}`;

/** One limit as it is checked; `name` is the config key, for messages. */
export interface Limit {
  readonly name: string;
  readonly scope: Scope;
  readonly period: LimitPeriod;
  readonly unit: "usd" | "tokens";
  readonly cap: number;
  readonly onLimit: "suspend" | "fail";
  /** Of a task and its session: whose they are, when not the calling task's own but those of one above it. */
  readonly of?: { readonly taskId: string; readonly sessionId: string };
}

/** The limits of a budget in the order they are checked. `where` is the config path of the budget. */
export function limitsOf(budget: Budget, scope: Scope, where: string): Limit[] {
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
    ...limit("total_usd", "total", "usd", budget.totalUsd),
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
