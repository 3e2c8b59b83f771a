// The budget of an API key or a schedule as clients send it.

import { paramsOf } from "./method.ts";

const usd = { type: "number", minimum: 0, maximum: 1_000_000_000 };
const tokens = { type: "integer", minimum: 0, maximum: 1_000_000_000_000 };

const LIMITS = {
  ...{ per_task_usd: usd, per_session_usd: usd, per_day_usd: usd, per_month_usd: usd },
  ...{ per_task_tokens: tokens, per_day_tokens: tokens },
  on_limit: { enum: ["suspend", "fail"] },
};

export const BUDGETS = paramsOf(LIMITS);

/** A key's budget may be one that never starts anew. */
export const KEY_BUDGETS = paramsOf({ ...LIMITS, total_usd: usd });
