// Asks the journal for the money and the tokens of one model call, and says in words why a task must wait for them.

import { type Budget, type Limit, limitsOf, resetsAt } from "../domain/budget.ts";
import type { Message } from "../domain/message.ts";
import { costOf } from "../domain/price.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { release, reserve } from "../journal/budget.ts";
import type { Catalog } from "../providers/catalog.ts";
import type { Store } from "../store/store.ts";

export interface Purse {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly owner: string;
  readonly budget: Budget;
  readonly agentBudget: (agentId: string) => Budget | undefined;
  readonly nowMs: () => number;
}

export interface WantedCall {
  readonly turn: number;
  readonly provider: string;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly maxTokens: number | undefined;
}

/** `held` is true when a reservation must be released if the call brings no answer. */
export type Grant = { readonly held: boolean } | { readonly outcome: Outcome };

const DEFAULT_OUTPUT_TOKENS = 4_096;
const WAIT_MS = 7 * 86_400_000;
const IN_FLIGHT_WAIT_MS = 500;

export async function reserveCall(purse: Purse, task: ClaimedTask, call: WantedCall): Promise<Grant> {
  const limits = limitsFor(purse, task.agentId);
  if (limits.length === 0) return { held: false };
  const { turn, provider, model } = call;
  const facts = purse.catalog.find(provider, model);
  const outputTokens =
    call.maxTokens ?? Math.min(facts?.maxOutputTokens ?? DEFAULT_OUTPUT_TOKENS, DEFAULT_OUTPUT_TOKENS * 4);
  const inputTokens = estimateTokens(call.messages);
  const usd = costOf(facts?.price, { inputTokens, outputTokens, cachedTokens: 0 });
  const dollars = limits.find((limit) => limit.unit === "usd");
  if (usd === null && dollars !== undefined) return { outcome: unpriced(dollars, provider, model) };
  const fence = { taskId: task.id, fence: task.fence };
  const amounts = { usd, tokens: inputTokens + outputTokens };
  const reserved = await purse.store.insist(reserve, {
    ...fence,
    turn,
    owner: purse.owner,
    provider,
    model,
    ...amounts,
    limits,
  });
  if (reserved.type === "reserved") return { held: true };
  if (reserved.type === "lost") return { outcome: { type: "lost" } };
  const wanted = reserved.limit.unit === "usd" ? (usd ?? 0) : amounts.tokens;
  return { outcome: exceeded(reserved.limit, reserved.used, reserved.inFlight, wanted, purse.nowMs()) };
}

/** The call ended without an answer. */
export async function releaseCall(purse: Purse, taskId: string, turn: number): Promise<void> {
  await purse.store.insist(release, { taskId, turn });
}

function limitsFor({ budget, agentBudget }: Purse, agentId: string): Limit[] {
  const own = agentBudget(agentId);
  const ownLimits = own === undefined ? [] : limitsOf(own, `agent:${agentId}`, `agents.${agentId}.budgets`);
  return [...limitsOf(budget, "all", "budgets"), ...ownLimits];
}

const BYTES_PER_TOKEN = 3;
const TOKENS_PER_MESSAGE = 8;

/** An estimate on the high side for any vendor: three bytes to a token. Used to reserve, never to report. */
export function estimateTokens(messages: readonly Message[]): number {
  let tokens = 0;
  for (const message of messages) {
    const calls = message.role === "assistant" ? message.toolCalls : [];
    const bytes = [message.text, ...calls.map((call) => call.name + call.argumentsText)].map((text) =>
      Buffer.byteLength(text),
    );
    tokens += TOKENS_PER_MESSAGE + Math.ceil(bytes.reduce((sum, count) => sum + count, 0) / BYTES_PER_TOKEN);
  }
  return tokens;
}

function unpriced(limit: Limit, provider: string, model: string): Outcome {
  const message =
    `${limit.name} is set, but the price of ${provider}/${model} is not known; ` +
    "add it under models: in config.yaml, so that the limit can be held";
  return { type: "failed", code: "BUDGET_UNPRICED", message };
}

function exceeded(limit: Limit, used: number, inFlight: number, wanted: number, nowMs: number): Outcome {
  const { name, unit, cap, period } = limit;
  const text = (amount: number): string => (unit === "usd" ? `$${amount.toFixed(4)}` : `${amount} tokens`);
  const busy = inFlight === 0 ? "" : ` and ${text(inFlight)} in flight`;
  const what = `${name} is ${text(cap)}; ${text(used)} are spent${busy}, and this call may need ${text(wanted)}`;
  if (limit.onLimit === "fail")
    return { type: "failed", code: "BUDGET_EXCEEDED", message: `${what}; raise it to go on` };
  if (used + wanted <= cap) {
    // Only calls in flight stand in the way: they will settle for less than they reserved.
    return {
      type: "suspended",
      reason: "AWAITING_BUDGET",
      deadlineAt: nowMs + IN_FLIGHT_WAIT_MS,
      wakes: true,
      message: what,
    };
  }
  const resets = resetsAt(period, nowMs);
  const advice =
    resets === null
      ? "raise it and restart the daemon to go on"
      : `it goes on at ${new Date(resets).toISOString()}`;
  return {
    type: "suspended",
    reason: "AWAITING_BUDGET",
    deadlineAt: resets ?? nowMs + WAIT_MS,
    wakes: resets !== null,
    message: `${what}; ${advice}`,
  };
}
