// `cost.report`: what model calls cost, by agent, model, provider, API key, schedule or day (UTC).

import { GoclawError } from "../../domain/error.ts";
import { COST_KEYS, type CostKey, type CostRow, costRows, costTotal } from "../../store/cost.ts";
import { defineMethod, paramsOf } from "../method.ts";

export interface CostParams {
  readonly by?: CostKey;
  /** `YYYY-MM-DD`, UTC. */
  readonly since?: string;
}

export type WireCost = ReturnType<typeof toWireCost>;

export interface CostReport {
  readonly by: CostKey;
  readonly since: string | null;
  readonly total: Omit<WireCost, "key">;
  readonly rows: readonly WireCost[];
  /** True when there are more rows than these. */
  readonly truncated: boolean;
}

const ROWS_MAX = 1_000;

export const reportCost = defineMethod<CostParams, CostReport>({
  name: "cost.report",
  capability: "acp.read",
  params: paramsOf({
    by: { enum: COST_KEYS },
    since: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" },
  }),
  run: async ({ store }, { by = "agent", since }) => {
    const sinceMs = since === undefined ? 0 : Date.parse(`${since}T00:00:00.000Z`);
    if (Number.isNaN(sinceMs))
      throw new GoclawError(
        "BAD_REQUEST",
        `since ${since} is no day of the calendar; write it as YYYY-MM-DD`,
      );
    const rows = costRows(store.reader, by, sinceMs, ROWS_MAX + 1);
    const { key: _total, ...total } = toWireCost(costTotal(store.reader, sinceMs));
    const page = rows.slice(0, ROWS_MAX).map(toWireCost);
    return { by, since: since ?? null, total, rows: page, truncated: rows.length > ROWS_MAX };
  },
});

function toWireCost(row: CostRow) {
  return {
    key: row.key,
    calls: row.calls,
    unpriced_calls: row.unpricedCalls,
    uncounted_calls: row.uncountedCalls,
    partial_calls: row.partialCalls,
    input_tokens: row.inputTokens,
    output_tokens: row.outputTokens,
    cached_tokens: row.cachedTokens,
    cost_usd: row.costUsd,
  };
}
