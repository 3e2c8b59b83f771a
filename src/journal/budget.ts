// Budgets in the journal: a model call reserves its part in the transaction that journals its start, and settles on
// real usage in the one that journals its answer. A crash leaks nothing: a dead owner's reservations are released.

import { fits, type Limit, type LimitPeriod, periodsOf } from "../domain/budget.ts";
import { type Fence, type HeldTask, heldTask } from "../queue/lease.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";

export interface ReserveInput extends Fence {
  readonly turn: number;
  readonly owner: string;
  readonly provider: string;
  readonly model: string;
  /** The most this call is expected to cost. `usd` is null when the price is unknown and no limit is in dollars. */
  readonly usd: number | null;
  readonly tokens: number;
  readonly limits: readonly Limit[];
}

export type Reserved =
  | { readonly type: "reserved" }
  | { readonly type: "lost" }
  | { readonly type: "exceeded"; readonly limit: Limit; readonly used: number; readonly inFlight: number };

const RESERVE_SQL = `
  INSERT INTO reservations (task_id, turn, session_id, agent_id, owner, usd, tokens, created_at)
  VALUES (@taskId, @turn, @sessionId, @agentId, @owner, @usd, @tokens, @now)
  ON CONFLICT (task_id, turn) DO UPDATE SET owner = @owner, usd = @usd, tokens = @tokens, created_at = @now`;

export const reserve = defineVerb("journal.reserve", (tx, input: ReserveInput): Reserved => {
  const task = heldTask(tx, input);
  if (task === undefined) return { type: "lost" };
  for (const limit of input.limits) {
    const used = usedUnder(tx, task, limit);
    const inFlight = inFlightUnder(tx, task, limit, input.turn);
    const wanted = limit.unit === "usd" ? (input.usd ?? 0) : input.tokens;
    if (!fits(used + inFlight + wanted, limit.cap)) return { type: "exceeded", limit, used, inFlight };
  }
  const { id: taskId, sessionId, agentId, attempt } = task;
  const { turn, owner, provider, model, tokens } = input;
  const usd = input.usd ?? 0;
  tx.run(RESERVE_SQL, { taskId, turn, sessionId, agentId, owner, usd, tokens, now: tx.nowMs });
  const payload = { turn, provider, model, reserved_usd: input.usd, reserved_tokens: tokens };
  const noMove = { from: null, to: null, reasonCode: null };
  tx.append({ taskId, sessionId, agentId, type: "model.start", ...noMove, attempt, payload });
  return { type: "reserved" };
});

const TOTAL_SQL = "SELECT usd, tokens FROM spend_totals WHERE scope = @scope AND period = @period";

const TASK_SQL = `
  SELECT coalesce(sum(cost_usd), 0) AS usd,
         coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), 0) AS tokens
  FROM purchases WHERE task_id = @id`;

const SESSION_SQL = `
  SELECT coalesce(sum(cost_usd), 0) AS usd, 0 AS tokens
  FROM (
    SELECT answers.cost_usd FROM tasks JOIN answers ON answers.task_id = tasks.id WHERE tasks.session_id = @id
    UNION ALL
    SELECT cost_usd FROM summaries WHERE session_id = @id
    UNION ALL
    SELECT cost_usd FROM classifications WHERE session_id = @id)`;

interface Spent {
  readonly usd: number;
  readonly tokens: number;
}

function usedUnder(tx: Tx, task: HeldTask, { scope, period, unit }: Limit): number {
  const spent = {
    task: () => tx.get<Spent>(TASK_SQL, { id: task.id }),
    session: () => tx.get<Spent>(SESSION_SQL, { id: task.sessionId }),
    day: () => tx.get<Spent>(TOTAL_SQL, { scope, period: periodsOf(tx.nowMs).day }),
    month: () => tx.get<Spent>(TOTAL_SQL, { scope, period: periodsOf(tx.nowMs).month }),
  }[period]();
  return spent?.[unit] ?? 0;
}

// There are never more reservations than lanes, so they are simply added up. The call's own earlier one does not count.
const IN_FLIGHT_SQL = `
  SELECT coalesce(sum(usd), 0) AS usd, coalesce(sum(tokens), 0) AS tokens
  FROM reservations
  WHERE NOT (task_id = @taskId AND turn = @turn)
    AND (@agentId IS NULL OR agent_id = @agentId)
    AND (@sessionId IS NULL OR session_id = @sessionId)
    AND (@onlyTask IS NULL OR task_id = @onlyTask)`;

function inFlightUnder(tx: Tx, task: HeldTask, { scope, period, unit }: Limit, turn: number): number {
  const only = (wanted: LimitPeriod, id: string): string | null => (period === wanted ? id : null);
  const row = tx.get<Spent>(IN_FLIGHT_SQL, {
    taskId: task.id,
    turn,
    agentId: scope === "all" ? null : task.agentId,
    sessionId: only("session", task.sessionId),
    onlyTask: only("task", task.id),
  });
  return row?.[unit] ?? 0;
}

// An attempt that lost its lease may end after its successor has reserved the same turn: that reservation is not its own.
const RELEASE_SQL = `
  DELETE FROM reservations
  WHERE task_id = @taskId AND turn = @turn
    AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = @taskId AND state = 'RUNNING' AND fence <> @fence)`;

/** The call ended without an answer: what it reserved is free again. */
export const release = defineVerb(
  "journal.release",
  (tx, { taskId, fence, turn }: Fence & { readonly turn: number }): void => {
    tx.run(RELEASE_SQL, { taskId, fence, turn });
  },
);

const RELEASE_ORPHANS_SQL = "DELETE FROM reservations WHERE owner <> @owner";

/** At start: calls of earlier boots are over, whatever became of them. */
export const releaseOrphans = defineVerb(
  "journal.release_orphans",
  (tx, { owner }: { owner: string }): number => tx.run(RELEASE_ORPHANS_SQL, { owner }),
);

const SPEND_SQL = `
  INSERT INTO spend_totals (scope, period, usd, tokens) VALUES (@scope, @period, @usd, @tokens)
  ON CONFLICT (scope, period) DO UPDATE SET usd = usd + @usd, tokens = tokens + @tokens`;

const RESERVED_SQL = "SELECT usd, tokens FROM reservations WHERE task_id = @taskId AND turn = @turn";
const SETTLE_SQL = "DELETE FROM reservations WHERE task_id = @taskId AND turn = @turn";

/** What one answer really cost; null where the provider did not say. */
export interface RealCost {
  readonly usd: number | null;
  readonly tokens: number | null;
}

/**
 * Inside the transaction of an answer: its reservation goes, its real cost stays. Where the real cost is unknown, what
 * was reserved counts against the limits instead: a provider that reports no usage must not be free.
 */
export function settleSpend(tx: Tx, task: HeldTask, turn: number, real: RealCost): void {
  const key = { taskId: task.id, turn };
  const reserved = tx.get<Spent>(RESERVED_SQL, key);
  tx.run(SETTLE_SQL, key);
  const usd = real.usd ?? reserved?.usd ?? 0;
  const tokens = real.tokens ?? reserved?.tokens ?? 0;
  if (tokens === 0 && usd === 0) return;
  const { day, month } = periodsOf(tx.nowMs);
  for (const scope of ["all", `agent:${task.agentId}`]) {
    for (const period of [day, month]) tx.run(SPEND_SQL, { scope, period, usd, tokens });
  }
}
