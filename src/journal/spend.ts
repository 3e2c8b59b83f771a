// What was really spent, added up per scope and period in the transaction of the answer, summary or failed call that
// cost it.

import { periodsOf, type Scope } from "../domain/budget.ts";
import type { Tx } from "../store/tx.ts";

/** Whose spending it is. `keyId` is the API key the task was submitted with, `scheduleId` the schedule it belongs to. */
export interface Spender {
  readonly id: string;
  readonly agentId: string;
  readonly keyId: string | null;
  readonly scheduleId: string | null;
}

const SPEND_SQL = `
  INSERT INTO spend_totals (scope, period, usd, tokens) VALUES (@scope, @period, @usd, @tokens)
  ON CONFLICT (scope, period) DO UPDATE SET usd = usd + @usd, tokens = tokens + @tokens`;

/** The period of a scope that never starts anew. */
export const TOTAL_PERIOD = "total";

export interface Spent {
  readonly usd: number;
  readonly tokens: number;
}

export function addSpend(
  tx: Tx,
  { agentId, keyId, scheduleId }: Spender,
  provider: string,
  { usd, tokens }: Spent,
): void {
  if (tokens === 0 && usd === 0) return;
  const { day, month } = periodsOf(tx.nowMs);
  const scopes: Scope[] = ["all", `agent:${agentId}`, `provider:${provider}`];
  const key: Scope[] = keyId === null ? [] : [`key:${keyId}`];
  const schedule: Scope[] = scheduleId === null ? [] : [`schedule:${scheduleId}`];
  for (const scope of [...scopes, ...key, ...schedule]) {
    for (const period of [day, month]) tx.run(SPEND_SQL, { scope, period, usd, tokens });
  }
  for (const scope of key) tx.run(SPEND_SQL, { scope, period: TOTAL_PERIOD, usd, tokens });
}

/**
 * Tasks and sessions are limited by what the rows of their purchases say. What these do not say, because a provider did
 * not, counts here by task: a provider that reports no usage must not make their limits void.
 */
export function addUnsaid(tx: Tx, { id }: Pick<Spender, "id">, { usd, tokens }: Spent): void {
  if (usd === 0 && tokens === 0) return;
  tx.run(SPEND_SQL, { scope: `task:${id}`, period: TOTAL_PERIOD, usd, tokens });
}

const RESERVED_SQL = "SELECT usd, tokens FROM reservations WHERE task_id = @taskId AND turn = @turn";
const SETTLE_SQL = "DELETE FROM reservations WHERE task_id = @taskId AND turn = @turn";

/** What one answer really cost, and where; null where the provider did not say. */
export interface RealCost {
  readonly provider: string;
  readonly usd: number | null;
  readonly tokens: number | null;
}

/**
 * Inside the transaction of an answer: its reservation goes, its real cost stays. Where the real cost is unknown, what
 * was reserved counts against the limits instead: a provider that reports no usage must not be free.
 */
export function settleSpend(tx: Tx, task: Spender, turn: number, real: RealCost): void {
  const key = { taskId: task.id, turn };
  const reserved = tx.get<Spent>(RESERVED_SQL, key);
  tx.run(SETTLE_SQL, key);
  const usd = real.usd ?? reserved?.usd ?? 0;
  const tokens = real.tokens ?? reserved?.tokens ?? 0;
  addSpend(tx, task, real.provider, { usd, tokens });
  addUnsaid(tx, task, { usd: real.usd === null ? usd : 0, tokens: real.tokens === null ? tokens : 0 });
}
