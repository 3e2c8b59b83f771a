// Asks the journal for the money and the tokens of one model call, and says in words why a task must wait for them.

import { type Budget, fits, type Limit, limitsOf, resetsAt } from "../domain/budget.ts";
import { costOf } from "../domain/price.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { type Refusal, release, reserve } from "../journal/budget.ts";
import type { Catalog } from "../providers/catalog.ts";
import type { ModelRequest } from "../providers/provider.ts";
import { countMessages, countTools, ESTIMATE } from "../providers/tokens.ts";
import { findAncestors } from "../store/family.ts";
import type { Store } from "../store/store.ts";
import type { AtLimit } from "./outcome.ts";
import { answerTokensOf, type Link } from "./window.ts";

export interface Purse {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly owner: string;
  readonly budget: Budget;
  readonly agentBudget: (agentId: string) => Budget | undefined;
  readonly providerBudget: (provider: string) => Budget | undefined;
  readonly keyBudget: (keyId: string) => NamedBudget | undefined;
  readonly scheduleBudget: (scheduleId: string) => NamedBudget | undefined;
  readonly newId: () => string;
  readonly nowMs: () => number;
}

/** The budget of an API key or a schedule, and the name people know it by. */
export interface NamedBudget {
  readonly name: string;
  readonly budget: Budget;
}

export interface WantedCall {
  readonly turn: number;
  /** Who is asked, and who may answer in its place. */
  readonly links: readonly [Link, ...Link[]];
  readonly request: ModelRequest;
}

/** `held` is true when a reservation must be released if the call brings no answer. */
export type Grant =
  | { readonly held: boolean; readonly passOver: readonly Link[] }
  | { readonly outcome: Outcome };

const WAIT_MS = 7 * 86_400_000;
const IN_FLIGHT_WAIT_MS = 500;
/** A limit that never starts anew changes only by hand. */
const UNRAISED_WAIT_MS = 86_400_000;

export async function reserveCall(purse: Purse, task: ClaimedTask, call: WantedCall): Promise<Grant> {
  const limits = [...limitsFor(purse, task), ...limitsAbove(purse, task)];
  const links = call.links.map((link) => ({
    ...estimate(purse.catalog, link, call.request),
    limits: providerLimits(purse, link.provider),
  }));
  if (limits.length === 0 && links.every((link) => link.limits.length === 0))
    return { held: false, passOver: [] };
  for (const link of links) {
    const dollars = [...limits, ...link.limits].find((limit) => limit.unit === "usd");
    if (link.usd === null && dollars !== undefined) return { outcome: unpriced(dollars, link) };
  }
  const place = { taskId: task.id, fence: task.fence, turn: call.turn, owner: purse.owner };
  const reserved = await purse.store.insist(reserve, { ...place, links, limits });
  if (reserved.type === "reserved") return { held: true, passOver: reserved.passedOver };
  if (reserved.type === "lost") return { outcome: { type: "lost" } };
  return { outcome: soonest(reserved.refusals.map((refusal) => exceeded(refusal, task, purse.nowMs()))) };
}

/** Of several links that are refused, each for its own limit, the one that can be asked first decides. */
function soonest(outcomes: readonly Outcome[]): Outcome {
  const dueAt = (outcome: Outcome): number =>
    outcome.type === "suspended" ? outcome.deadlineAt : Number.POSITIVE_INFINITY;
  return outcomes.reduce((first, next) => (dueAt(next) < dueAt(first) ? next : first));
}

interface Estimate extends Link {
  readonly usd: number | null;
  readonly tokens: number;
}

function estimate(
  catalog: Catalog,
  { provider, model }: Link,
  { messages, tools, sampling }: ModelRequest,
): Estimate {
  const facts = catalog.find(provider, model);
  const outputTokens = answerTokensOf(facts, sampling.maxTokens);
  const inputTokens = countMessages(ESTIMATE, messages) + countTools(ESTIMATE, tools);
  const usd = costOf(facts?.price, { inputTokens, outputTokens, cachedTokens: 0 });
  return { provider, model, usd, tokens: inputTokens + outputTokens };
}

/** The call ended without an answer. */
export async function releaseCall(purse: Purse, task: ClaimedTask, turn: number): Promise<void> {
  await purse.store.insist(release, { taskId: task.id, fence: task.fence, turn });
}

/** How a task meets a limit now: it fails when the global budget, its agent's or its schedule's says so. */
export function atLimit(
  { budget, agentBudget, scheduleBudget, nowMs }: Purse,
  { agentId, scheduleId }: ClaimedTask,
): AtLimit {
  const scheduled = scheduleId === null ? undefined : scheduleBudget(scheduleId)?.budget;
  const fails = [budget, agentBudget(agentId), scheduled].some((one) => one?.onLimit === "fail");
  return { nowMs: nowMs(), onLimit: fails ? "fail" : "suspend" };
}

function limitsFor(
  { budget, agentBudget, keyBudget, scheduleBudget }: Purse,
  { agentId, keyId, scheduleId }: Pick<ClaimedTask, "agentId" | "keyId" | "scheduleId">,
): Limit[] {
  const agent = agentBudget(agentId);
  const key = keyId === null ? undefined : keyBudget(keyId);
  const schedule = scheduleId === null ? undefined : scheduleBudget(scheduleId);
  return [
    ...limitsOf(budget, "all", "budgets"),
    ...(agent === undefined ? [] : limitsOf(agent, `agent:${agentId}`, `agents.${agentId}.budgets`)),
    ...(key === undefined ? [] : limitsOf(key.budget, `key:${keyId}`, `API key ${key.name}: budgets`)),
    ...(schedule === undefined
      ? []
      : limitsOf(schedule.budget, `schedule:${scheduleId}`, `schedule ${schedule.name}: budgets`)),
  ];
}

/** What a task spends its parent spends too, and its parent's session: their limits hold beside its own. */
function limitsAbove(purse: Purse, { id, keyId, scheduleId }: ClaimedTask): Limit[] {
  return findAncestors(purse.store.reader, id).flatMap(({ id: taskId, agentId, sessionId }) =>
    limitsFor(purse, { agentId, keyId, scheduleId })
      .filter(({ period }) => period === "task" || period === "session")
      .map((limit) => ({
        ...limit,
        name: `${limit.name} of task ${taskId}, above this one,`,
        of: { taskId, sessionId },
      })),
  );
}

function providerLimits({ providerBudget }: Purse, provider: string): Limit[] {
  const own = providerBudget(provider);
  return own === undefined ? [] : limitsOf(own, `provider:${provider}`, `providers.${provider}.budgets`);
}

function unpriced(limit: Limit, { provider, model }: Link): Outcome {
  const message =
    `${limit.name} is set, but the price of ${provider}/${model} is not known; ` +
    "add it under models: in config.yaml, so that the limit can be held";
  return { type: "failed", code: "BUDGET_UNPRICED", message };
}

function raiseText(scope: string): string {
  const [kind, id] = scope.split(":");
  if (kind === "key") return `goclaw key update ${id} raises it`;
  return kind === "schedule"
    ? "raise it (goclaw cron update, or config.yaml and a restart of the daemon) to go on"
    : "raise it and restart the daemon to go on";
}

function exceeded({ limit, used, inFlight, wanted }: Refusal, task: ClaimedTask, nowMs: number): Outcome {
  const { name, scope, unit, cap, period } = limit;
  const text = (amount: number): string => (unit === "usd" ? `$${amount.toFixed(4)}` : `${amount} tokens`);
  const busy = inFlight === 0 ? "" : ` and ${text(inFlight)} in flight`;
  // No period is long enough for it, so that none is waited for.
  const isTooMuch = !fits(wanted, cap);
  const need = `${text(wanted)}${isTooMuch ? ", which is more than the whole limit" : ""}`;
  const what = `${name} is ${text(cap)}; ${text(used)} are spent${busy}, and this call may need ${need}`;
  const isKey = scope.startsWith("key:");
  const raise = raiseText(scope);
  const resets = isTooMuch ? null : resetsAt(period, nowMs);
  const anew = resets === null ? "" : `it starts anew at ${new Date(resets).toISOString()}, and `;
  // Only calls in flight stand in the way, and they may settle for less than they reserved.
  const isBusy = fits(used + wanted, cap);
  // Nobody looks after a client's own conversation: the client is told, and asks again.
  if (task.kind === "passthrough" && isKey) {
    const afterMs = isBusy ? IN_FLIGHT_WAIT_MS : resets === null ? UNRAISED_WAIT_MS : resets - nowMs;
    const message = isBusy ? `${what}; ask again in a moment` : `${what}; ${anew}${raise}`;
    return { type: "failed", code: "KEY_BUDGET_EXCEEDED", message, afterMs };
  }
  if (isBusy) {
    return {
      type: "suspended",
      reason: "AWAITING_BUDGET",
      deadlineAt: nowMs + IN_FLIGHT_WAIT_MS,
      wakes: true,
      message: what,
    };
  }
  if (limit.onLimit === "fail") {
    const afterMs = resets === null ? {} : { afterMs: resets - nowMs };
    return { type: "failed", code: "BUDGET_EXCEEDED", message: `${what}; ${anew}${raise}`, ...afterMs };
  }
  const advice = resets === null ? raise : `it goes on at ${new Date(resets).toISOString()}`;
  return {
    type: "suspended",
    reason: "AWAITING_BUDGET",
    deadlineAt: resets ?? nowMs + WAIT_MS,
    wakes: resets !== null,
    message: `${what}; ${advice}`,
  };
}
