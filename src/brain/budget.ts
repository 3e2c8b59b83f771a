// Asks the journal for the money and the tokens of one model call, and says in words why a task must wait for them.

import { type Budget, fits, type Limit, limitsOf, resetsAt } from "../domain/budget.ts";
import { costOf } from "../domain/price.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { release, reserve } from "../journal/budget.ts";
import type { Catalog } from "../providers/catalog.ts";
import type { ModelRequest } from "../providers/provider.ts";
import { countMessages, countTools, ESTIMATE } from "../providers/tokens.ts";
import type { Store } from "../store/store.ts";
import type { AtLimit } from "./outcome.ts";
import { answerTokensOf, type Link } from "./window.ts";

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
  /** Who is asked, and who may answer in its place. */
  readonly links: readonly [Link, ...Link[]];
  readonly request: ModelRequest;
}

/** `held` is true when a reservation must be released if the call brings no answer. */
export type Grant = { readonly held: boolean } | { readonly outcome: Outcome };

const WAIT_MS = 7 * 86_400_000;
const IN_FLIGHT_WAIT_MS = 500;

export async function reserveCall(purse: Purse, task: ClaimedTask, call: WantedCall): Promise<Grant> {
  const limits = limitsFor(purse, task.agentId);
  if (limits.length === 0) return { held: false };
  const { turn, links } = call;
  const estimates = links.map((link) => estimate(purse.catalog, link, call.request));
  const unknown = estimates.find(({ usd }) => usd === null);
  const dollars = limits.find((limit) => limit.unit === "usd");
  if (unknown !== undefined && dollars !== undefined) return { outcome: unpriced(dollars, unknown.link) };
  // Any link of the chain may be the one that answers, so the dearest one is reserved for.
  const usd = unknown === undefined ? Math.max(...estimates.map((one) => one.usd ?? 0)) : null;
  const amounts = { usd, tokens: Math.max(...estimates.map(({ tokens }) => tokens)) };
  const place = { taskId: task.id, fence: task.fence, turn, owner: purse.owner, ...links[0] };
  const reserved = await purse.store.insist(reserve, { ...place, ...amounts, limits });
  if (reserved.type === "reserved") return { held: true };
  if (reserved.type === "lost") return { outcome: { type: "lost" } };
  const wanted = reserved.limit.unit === "usd" ? (usd ?? 0) : amounts.tokens;
  return { outcome: exceeded(reserved.limit, reserved.used, reserved.inFlight, wanted, purse.nowMs()) };
}

interface Estimate {
  readonly link: Link;
  readonly usd: number | null;
  readonly tokens: number;
}

function estimate(catalog: Catalog, link: Link, { messages, tools, sampling }: ModelRequest): Estimate {
  const facts = catalog.find(link.provider, link.model);
  const outputTokens = answerTokensOf(facts, sampling.maxTokens);
  const inputTokens = countMessages(ESTIMATE, messages) + countTools(ESTIMATE, tools);
  const usd = costOf(facts?.price, { inputTokens, outputTokens, cachedTokens: 0 });
  return { link, usd, tokens: inputTokens + outputTokens };
}

/** The call ended without an answer. */
export async function releaseCall(purse: Purse, task: ClaimedTask, turn: number): Promise<void> {
  await purse.store.insist(release, { taskId: task.id, fence: task.fence, turn });
}

/** How a task meets a limit now: it fails when the global budget or its agent's says so. */
export function atLimit({ budget, agentBudget, nowMs }: Purse, { agentId }: ClaimedTask): AtLimit {
  const fails = [budget, agentBudget(agentId)].some((one) => one?.onLimit === "fail");
  return { nowMs: nowMs(), onLimit: fails ? "fail" : "suspend" };
}

function limitsFor({ budget, agentBudget }: Purse, agentId: string): Limit[] {
  const own = agentBudget(agentId);
  const ownLimits = own === undefined ? [] : limitsOf(own, `agent:${agentId}`, `agents.${agentId}.budgets`);
  return [...limitsOf(budget, "all", "budgets"), ...ownLimits];
}

function unpriced(limit: Limit, { provider, model }: Link): Outcome {
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
  if (fits(used + wanted, cap)) {
    // Only calls in flight stand in the way, and they may settle for less than they reserved: no reason to fail yet.
    return {
      type: "suspended",
      reason: "AWAITING_BUDGET",
      deadlineAt: nowMs + IN_FLIGHT_WAIT_MS,
      wakes: true,
      message: what,
    };
  }
  if (limit.onLimit === "fail")
    return { type: "failed", code: "BUDGET_EXCEEDED", message: `${what}; raise it to go on` };
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
