// Model calls that brought nothing usable and were billed all the same: each is a purchase of its task. What was spent is
// spent, so the row and the totals are written even when the attempt has lost its lease; the task itself is not touched
// then.

import type { TokenUsage } from "../domain/message.ts";
import { heldTask } from "../queue/lease.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { type CallPlace, releaseCall } from "./budget.ts";
import { addSpend, addUnsaid, type Spender, type Spent, settleSpend } from "./spend.ts";
import { addUsage, wireUsage } from "./usage.ts";

export interface FailedCall {
  /** Of this call alone, so that sending it again counts it once. */
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  /** Null when the provider did not say: then what was reserved counts as its cost. */
  readonly usage: TokenUsage | null;
  /** US dollars; null when the model's price is unknown. */
  readonly costUsd: number | null;
  readonly errorClass: string;
  /** It broke off after that count: it cost this or more. */
  readonly partial?: boolean;
  /** What limits count when that is more than the provider said: it broke off before its last count. */
  readonly least?: Spent;
}

export interface FailedCallsInput extends CallPlace {
  readonly calls: readonly FailedCall[];
  /** True when no other call of this turn is to follow: then what was reserved is free again. */
  readonly isOver: boolean;
}

const INSERT_SQL = `
  INSERT INTO failed_calls (id, task_id, session_id, turn, provider, model, error_class,
                            input_tokens, output_tokens, cached_tokens, cost_usd, partial, attempt, at)
  VALUES (@id, @taskId, @sessionId, @turn, @provider, @model, @errorClass,
          @inputTokens, @outputTokens, @cachedTokens, @costUsd, @partial, @attempt, @now)
  ON CONFLICT (id) DO NOTHING`;

export const recordFailedCalls = defineVerb(
  "journal.record_failed_calls",
  (tx, input: FailedCallsInput): void => keepBilled(tx, input),
);

/** Inside a transaction: every call once, whether or not the attempt still holds its lease. */
export function keepBilled(tx: Tx, input: FailedCallsInput): void {
  const task = findSpender(tx, input.taskId);
  if (task === undefined) return;
  const isHeld = heldTask(tx, input) !== undefined;
  for (const call of input.calls) record(tx, task, input.turn, call, isHeld);
  if (input.isOver) releaseCall(tx, input);
}

const SPENDER_SQL = `
  SELECT id, session_id AS sessionId, agent_id AS agentId, key_id AS keyId, schedule_id AS scheduleId, attempt
  FROM tasks WHERE id = @taskId`;

interface BilledTask extends Spender {
  readonly sessionId: string;
  readonly attempt: number;
}

function findSpender(tx: Tx, taskId: string): BilledTask | undefined {
  return tx.get<BilledTask>(SPENDER_SQL, { taskId });
}

function record(tx: Tx, task: BilledTask, turn: number, call: FailedCall, isHeld: boolean): void {
  const { id: taskId, sessionId, agentId, attempt } = task;
  const { id, provider, model, errorClass, costUsd, usage, least, partial = false } = call;
  const tokens = {
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
  };
  const place = { id, taskId, sessionId, turn, attempt, now: tx.nowMs };
  const what = { provider, model, errorClass, ...tokens, costUsd, partial: partial ? 1 : 0 };
  if (tx.run(INSERT_SQL, { ...place, ...what }) === 0) return;
  if (usage === null && least === undefined)
    settleSpend(tx, task, turn, { provider, usd: null, tokens: null });
  else {
    const said = { usd: costUsd ?? 0, tokens: (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0) };
    const { usd, tokens } = least ?? said;
    addSpend(tx, task, provider, { usd: Math.max(usd, said.usd), tokens: Math.max(tokens, said.tokens) });
    addUnsaid(tx, task, { usd: Math.max(0, usd - said.usd), tokens: Math.max(0, tokens - said.tokens) });
  }
  if (!isHeld) return;
  addUsage(tx, taskId, usage);
  const payload = {
    turn,
    provider,
    model,
    error_class: errorClass,
    cost_usd: costUsd,
    partial,
    ...wireUsage(usage),
  };
  const noMove = { from: null, to: null, reasonCode: null };
  tx.append({ taskId, sessionId, agentId, type: "model.billed", ...noMove, attempt, payload });
}
