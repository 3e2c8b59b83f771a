// Read model of what answers cost, added up in SQL. An answer without a price is counted apart: its cost is unknown, and
// a sum that left it out silently would pass for the whole.

import type { Reader } from "./reader.ts";

export const COST_KEYS = ["agent", "model", "day", "provider", "key", "schedule"] as const;
export type CostKey = (typeof COST_KEYS)[number];

export interface CostRow {
  readonly key: string;
  readonly calls: number;
  /** Without a known cost, those of unknown usage among them. */
  readonly unpricedCalls: number;
  /** Their provider did not say what it counted. */
  readonly uncountedCalls: number;
  /** They broke off before their provider's last count: tokens and cost are the least that was spent. */
  readonly partialCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** US dollars of the calls with a price; null when none of them has one. */
  readonly costUsd: number | null;
}

const SUMS = `
  count(*) AS calls, count(*) - count(bought.cost_usd) AS unpricedCalls,
  count(*) - count(bought.input_tokens) AS uncountedCalls,
  coalesce(sum(bought.partial), 0) AS partialCalls,
  coalesce(sum(bought.input_tokens), 0) AS inputTokens, coalesce(sum(bought.output_tokens), 0) AS outputTokens,
  coalesce(sum(bought.cached_tokens), 0) AS cachedTokens, sum(bought.cost_usd) AS costUsd`;

const DEAREST = "GROUP BY 1 ORDER BY costUsd DESC, key LIMIT @limit";

const ROWS_SQL = {
  agent: `
    SELECT tasks.agent_id AS key, ${SUMS}
    FROM purchases AS bought JOIN tasks ON tasks.id = bought.task_id
    WHERE bought.at >= @since ${DEAREST}`,
  model: `
    SELECT bought.provider || '/' || bought.model AS key, ${SUMS}
    FROM purchases AS bought WHERE bought.at >= @since ${DEAREST}`,
  provider: `
    SELECT bought.provider AS key, ${SUMS}
    FROM purchases AS bought WHERE bought.at >= @since ${DEAREST}`,
  day: `
    SELECT strftime('%Y-%m-%d', bought.at / 1000, 'unixepoch') AS key, ${SUMS}
    FROM purchases AS bought WHERE bought.at >= @since GROUP BY 1 ORDER BY key DESC LIMIT @limit`,
  key: `
    SELECT coalesce(api_keys.name || ' ' || api_keys.id, 'token') AS key, ${SUMS}
    FROM purchases AS bought JOIN tasks ON tasks.id = bought.task_id LEFT JOIN api_keys ON api_keys.id = tasks.key_id
    WHERE bought.at >= @since ${DEAREST}`,
  schedule: `
    SELECT coalesce(schedules.name, 'none') AS key, ${SUMS}
    FROM purchases AS bought JOIN tasks ON tasks.id = bought.task_id
         LEFT JOIN schedules ON schedules.id = tasks.schedule_id
    WHERE bought.at >= @since ${DEAREST}`,
} as const;

const TOTAL_SQL = `SELECT 'total' AS key, ${SUMS} FROM purchases AS bought WHERE bought.at >= @since`;

/** `since` is in epoch ms; at most `limit` rows, the dearest or the newest first. */
export function costRows(reader: Reader, by: CostKey, since: number, limit: number): CostRow[] {
  return reader.all<CostRow>(ROWS_SQL[by], { since, limit });
}

export function costTotal(reader: Reader, since: number): CostRow {
  const row = reader.get<CostRow>(TOTAL_SQL, { since });
  if (row === undefined) throw new Error("an aggregate without GROUP BY has one row");
  return row.calls === 0 ? { ...row, costUsd: 0 } : row;
}
