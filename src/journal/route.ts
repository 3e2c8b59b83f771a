// The routing decision of a task: made once, written before its first turn, and taken from here by every later attempt.

import type { TokenUsage } from "../domain/message.ts";
import {
  chosenOf,
  type LinkState,
  obstacleOf,
  type RouteChain,
  type RouteDecision,
  type RouteLayer,
  type Tier,
} from "../domain/route.ts";
import { type Fence, type HeldTask, heldTask } from "../queue/lease.ts";
import type { Reader } from "../store/reader.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { settleSpend } from "./spend.ts";
import { addUsage } from "./usage.ts";

export interface RecordRouteInput extends Fence {
  readonly decision: RouteDecision;
  /** The links of the decision's chain as they were then; the first without an obstacle is chosen. */
  readonly states: readonly LinkState[];
  /** What the classifier's answer cost, and under which turn it was reserved; null when none was bought. */
  readonly bought: {
    readonly turn: number;
    readonly provider: string;
    readonly model: string;
    readonly usage: TokenUsage | null;
    readonly costUsd: number | null;
  } | null;
}

const INSERT_SQL = `
  INSERT INTO routes (task_id, layer, rule, tier, chain, provider, model, confidence, at)
  VALUES (@taskId, @layer, @rule, @tier, @chain, @provider, @model, @confidence, @now)
  ON CONFLICT (task_id) DO NOTHING`;

const MAX_STEPS = 30;

/** Returns false when the lease is lost; nothing is written then. */
export const recordRoute = defineVerb("journal.record_route", (tx, input: RecordRouteInput): boolean => {
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  const { layer, rule, tier, chain, confidence, steps } = input.decision;
  const chosen = chosenOf(input.states) ?? chain[0];
  const { provider, model } = chosen;
  const row = {
    taskId: task.id,
    layer,
    rule,
    tier,
    chain: JSON.stringify(chain),
    provider,
    model,
    confidence,
  };
  // Sent again after a commit that was reported as failed and had been made.
  if (tx.run(INSERT_SQL, { ...row, now: tx.nowMs }) === 0) return true;
  if (input.bought !== null) recordPurchase(tx, task, input.bought);
  const payload = {
    ...{ layer, rule, tier, provider, model, confidence },
    chain: chain.map((link) => `${link.provider}/${link.model}`),
    skipped: input.states.flatMap((state) => {
      const why = obstacleOf(state);
      return why === undefined ? [] : [{ id: `${state.provider}/${state.model}`, reason: why }];
    }),
    steps: steps.filter(({ verdict }) => verdict !== "not_reached").slice(-MAX_STEPS),
    ...(input.bought !== null && { classifier_cost_usd: input.bought.costUsd }),
  };
  const { id: taskId, sessionId, agentId, attempt } = task;
  const noMove = { from: null, to: null, reasonCode: null };
  tx.append({ taskId, sessionId, agentId, type: "route.decided", ...noMove, attempt, payload });
  return true;
});

const INSERT_PURCHASE_SQL = `
  INSERT INTO classifications (task_id, session_id, provider, model, input_tokens, output_tokens, cached_tokens, cost_usd, at)
  VALUES (@taskId, @sessionId, @provider, @model, @inputTokens, @outputTokens, @cachedTokens, @costUsd, @now)`;

function recordPurchase(tx: Tx, task: HeldTask, bought: NonNullable<RecordRouteInput["bought"]>): void {
  const { turn, provider, model, usage, costUsd } = bought;
  const { id: taskId, sessionId } = task;
  const tokens = {
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
  };
  tx.run(INSERT_PURCHASE_SQL, { taskId, sessionId, provider, model, ...tokens, costUsd, now: tx.nowMs });
  settleSpend(tx, task, turn, {
    provider,
    usd: costUsd,
    tokens: usage === null ? null : usage.inputTokens + usage.outputTokens,
  });
  addUsage(tx, taskId, usage);
}

/** A decision as it was written. */
export interface StoredRoute {
  readonly layer: RouteLayer;
  readonly rule: string;
  readonly tier: Tier | null;
  readonly chain: RouteChain;
}

const LOAD_SQL = "SELECT layer, rule, tier, chain FROM routes WHERE task_id = @taskId";

export function loadRoute(reader: Reader, taskId: string): StoredRoute | undefined {
  const row = reader.get<Omit<StoredRoute, "chain"> & { chain: string }>(LOAD_SQL, { taskId });
  return row && { ...row, chain: JSON.parse(row.chain) as RouteChain };
}

const HEADERS_SQL = "SELECT headers FROM route_headers WHERE task_id = @taskId";

/** Headers that came with the task, by lower-case name. */
export function routeHeadersOf(reader: Reader, taskId: string): Readonly<Record<string, string>> {
  const row = reader.get<{ headers: string }>(HEADERS_SQL, { taskId });
  return row === undefined ? {} : (JSON.parse(row.headers) as Record<string, string>);
}
