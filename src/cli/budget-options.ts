// The limits of spending that API keys and schedules share on the command line: their options, and the body they become.

import type { OptionSpec } from "./command-spec.ts";
import { defined } from "./defined.ts";
import { dollars, oneOf, wholeNumber } from "./option-values.ts";

export const PERIOD_LIMITS: readonly OptionSpec[] = [
  { flags: "--per-day-usd <usd>", description: "US dollars a day (UTC)", parse: dollars },
  { flags: "--per-month-usd <usd>", description: "US dollars a month (UTC)", parse: dollars },
  { flags: "--per-day-tokens <n>", description: "tokens a day (UTC)", parse: wholeNumber(0, 999_999_999) },
];

/** `description` says whose tasks do what at a limit. */
export const onLimit = (description: string): OptionSpec =>
  oneOf("--on-limit <what>", description, ["suspend", "fail"]);

/** What a command does not offer is not there. */
export interface BudgetOptions {
  readonly budgetUsd?: number;
  readonly perTaskUsd?: number;
  readonly perDayUsd?: number;
  readonly perMonthUsd?: number;
  readonly perDayTokens?: number;
  readonly onLimit?: string;
}

export function budgetsOf(options: BudgetOptions): Record<string, unknown> {
  return defined({
    total_usd: options.budgetUsd,
    per_task_usd: options.perTaskUsd,
    per_day_usd: options.perDayUsd,
    per_month_usd: options.perMonthUsd,
    per_day_tokens: options.perDayTokens,
    on_limit: options.onLimit,
  });
}
