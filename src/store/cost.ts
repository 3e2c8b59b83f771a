// Read model of what answers cost, added up in SQL. An answer without a price is counted apart: its cost is unknown, and
// a sum that left it out silently would pass for the whole.

import type { Reader } from "./reader.ts";

export const COST_KEYS = ["agent", "model", "day"] as const;
export type CostKey = (typeof COST_KEYS)[number];

export interface CostRow {
  readonly key: string;
  readonly calls: number;
  readonly unpricedCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** US dollars of the calls with a price; null when none of them has one. */
  readonly costUsd: number | null;
}

const KEY_SQL: Readonly<Record<CostKey, string>> = {
  agent: "tasks.agent_id",
  model: "answers.provider || '/' || answers.model",
  day: "strftime('%Y-%m-%d', answers.at / 1000, 'unixepoch')",
};

const SUMS = `
  count(*) AS calls, count(*) - count(answers.cost_usd) AS unpricedCalls,
  coalesce(sum(answers.input_tokens), 0) AS inputTokens, coalesce(sum(answers.output_tokens), 0) AS outputTokens,
  coalesce(sum(answers.cached_tokens), 0) AS cachedTokens, sum(answers.cost_usd) AS costUsd`;

const rowsSql = (key: CostKey): string => `
  SELECT ${KEY_SQL[key]} AS key, ${SUMS}
  FROM purchases AS answers JOIN tasks ON tasks.id = answers.task_id
  WHERE answers.at >= @since
  GROUP BY 1 ORDER BY ${key === "day" ? "key DESC" : "costUsd DESC, key"} LIMIT @limit`;

const ROWS_SQL = { agent: rowsSql("agent"), model: rowsSql("model"), day: rowsSql("day") };

const TOTAL_SQL = `SELECT 'total' AS key, ${SUMS} FROM purchases AS answers WHERE answers.at >= @since`;

/** `since` is in epoch ms; at most `limit` rows, the dearest or the newest first. */
export function costRows(reader: Reader, by: CostKey, since: number, limit: number): CostRow[] {
  return reader.all<CostRow>(ROWS_SQL[by], { since, limit });
}

export function costTotal(reader: Reader, since: number): CostRow {
  const row = reader.get<CostRow>(TOTAL_SQL, { since });
  if (row === undefined) throw new Error("an aggregate without GROUP BY has one row");
  return row.calls === 0 ? { ...row, costUsd: 0 } : row;
}
