// Finds the chain of models for one attempt: the agent's own, a tier's, or what routing decides. A decision is made once
// a task and journaled before the first turn; every later attempt takes it from there.

import type { Purse } from "../brain/budget.ts";
import {
  CLASSIFIER_TURN,
  type ClassifierPorts,
  classify,
  type Memory,
  type Purchase,
} from "../brain/classify.ts";
import { type Classify, decideRoute, isRouted } from "../brain/route.ts";
import { offeredTools } from "../brain/turn.ts";
import type { Agent } from "../domain/agent.ts";
import {
  AUTO,
  type LinkState,
  type RouteChain,
  type RouteClassifier,
  type RouteLink,
  type RoutePlan,
  type RouteRequest,
  tierWordOf,
} from "../domain/route.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { loadRoute, recordRoute, routeHeadersOf } from "../journal/route.ts";
import type { ModelRequest, Provider } from "../providers/provider.ts";
import type { Reader } from "../store/reader.ts";
import { historyBefore, promptOf, summaryBefore } from "../store/sessions.ts";
import type { Store } from "../store/store.ts";
import type { Hands } from "../tools/perform.ts";

export interface Routing {
  /** Null when no tier is configured: then every model is named. */
  readonly plan: RoutePlan | null;
  /** Who answers when the first link of an agent or of a named model cannot. */
  readonly fallbacks: readonly RouteLink[];
  /** The chain as one provider; undefined when none of its providers is in the configuration. */
  openChain(chain: RouteChain): Provider | undefined;
  stateOf(link: RouteLink, asked: Asked): LinkState;
  /** What the classifier said. */
  readonly memory: Memory;
}

/** A request as far as it is known when its chain is chosen. */
export type Asked = Omit<ModelRequest, "model">;

/** What says which tools a model is offered. */
export type OfferingHands = Pick<Hands, "guard" | "toolsFor">;

export interface WayPorts {
  readonly store: Store;
  readonly purse: Purse;
  readonly routing: Routing;
}

/** The agent as this task has it: with the provider and the model that are asked first. */
export interface Way {
  readonly agent: Agent;
  readonly provider: Provider;
}

/** What a decision looks at beside the task: a client's own request has its words and tools elsewhere. */
export interface Words extends Pick<RouteRequest, "userMessages" | "hasTools"> {
  readonly asked: Asked;
}

export async function findWay(
  ports: WayPorts,
  task: ClaimedTask,
  agent: Agent,
  signal: AbortSignal,
  words: () => Words,
): Promise<Way | { readonly outcome: Outcome }> {
  const { routing } = ports;
  const asked = task.model ?? agent.routed;
  if (asked === undefined || !isChosen(routing.plan, asked)) {
    if (asked === AUTO || (asked !== undefined && tierWordOf(asked) !== undefined))
      return failed("MODEL_NOT_FOUND", `${asked} was asked for, and config.yaml has no such tier any more`);
    return wayOf(routing, agent, directChain(routing, agent, task.model));
  }
  // Never claimed before: the journal has nothing of it.
  const stored = task.fence === 1 ? undefined : loadRoute(ports.store.reader, task.id);
  if (stored !== undefined) return wayOf(routing, agent, stored.chain);
  const { asked: wanted, ...said } = words();
  const request = requestOf(ports, task, agent, asked, said);
  const stateOf = (link: RouteLink): LinkState => routing.stateOf(link, wanted);
  const chain = await decide(ports, routing.plan, task, request, stateOf, signal);
  return chain === undefined ? { outcome: { type: "lost" } } : wayOf(routing, agent, chain);
}

function isChosen(plan: RoutePlan | null, asked: string): plan is RoutePlan {
  return plan !== null && isRouted(plan, asked);
}

/** A model that was named, and the fallbacks behind it. */
export function directChain({ fallbacks }: Routing, agent: RouteLink, model: string | null): RouteChain {
  const others = fallbacks.filter(({ provider, model: other }) => {
    return provider !== agent.provider || other !== agent.model;
  });
  return [{ provider: agent.provider, model: model ?? agent.model }, ...others];
}

export function wayOf(
  routing: Routing,
  agent: Agent,
  chain: RouteChain,
): Way | { readonly outcome: Outcome } {
  const provider = routing.openChain(chain);
  if (provider === undefined) {
    const names = chain.map((link) => link.provider).join(", ");
    return failed(
      "PROVIDER_NOT_CONFIGURED",
      `agent ${agent.id} needs ${names}, which config.yaml does not have`,
    );
  }
  // A link whose provider is gone from the configuration is not asked; the first that is left stands for the chain.
  const first = chain.find((link) => link.provider === provider.id) ?? chain[0];
  return { provider, agent: { ...agent, ...first } };
}

function failed(code: string, message: string): { readonly outcome: Outcome } {
  return { outcome: { type: "failed", code, message } };
}

/** Undefined when the lease is lost. */
async function decide(
  ports: WayPorts,
  plan: RoutePlan,
  task: ClaimedTask,
  request: RouteRequest,
  stateOf: (link: RouteLink) => LinkState,
  signal: AbortSignal,
): Promise<RouteChain | undefined> {
  const { store } = ports;
  let bought: Purchase | null = null;
  const onBought = (purchase: Purchase): void => {
    bought = purchase;
  };
  const ask = classifierOf(ports, plan, task, signal, onBought);
  const decision = await decideRoute(plan, request, ask);
  // Cut short, it may have decided without the classifier; what was bought is written down whatever happens.
  if (signal.aborted && bought === null) return undefined;
  const held = await store.insist(recordRoute, {
    ...{ taskId: task.id, fence: task.fence, decision },
    states: decision.chain.map(stateOf),
    bought: bought === null ? null : { turn: CLASSIFIER_TURN, ...(bought as Purchase) },
  });
  return held ? decision.chain : undefined;
}

function requestOf(
  { store }: WayPorts,
  task: ClaimedTask,
  agent: Agent,
  asked: string,
  words: Omit<Words, "asked">,
): RouteRequest {
  return { model: asked, agentId: agent.id, headers: routeHeadersOf(store.reader, task.id), ...words };
}

export function wordsOf(reader: Reader, hands: OfferingHands, task: ClaimedTask, agent: Agent): Words {
  const prompt = promptOf(reader, task.id);
  const anchor = prompt?.anchor ?? 0;
  const summary = summaryBefore(reader, task.sessionId, anchor);
  const before = historyBefore(reader, task.sessionId, anchor, summary);
  const userMessages = before.filter(({ role }) => role === "user").map(({ content }) => content);
  const tools = offeredTools(agent, hands);
  return {
    hasTools: tools.length > 0,
    // Its words need no ability.
    asked: { messages: [], tools, sampling: task.sampling },
    userMessages: [...userMessages, prompt?.content ?? ""],
  };
}

function classifierOf(
  { purse, routing }: WayPorts,
  plan: RoutePlan,
  task: ClaimedTask,
  signal: AbortSignal,
  onBought: (purchase: Purchase) => void,
): Classify {
  const { memory } = routing;
  return async (prompt) => {
    if (!hasClassifier(plan)) return { tier: null, reason: "there is no classifier" };
    const provider = routing.openChain(plan.classifier.chain);
    if (provider === undefined) return { tier: null, reason: "its provider is not in config.yaml" };
    const ports: ClassifierPorts = { provider, purse, memory, signal, onBought };
    return classify(plan, ports, task, prompt);
  };
}

export function hasClassifier(plan: RoutePlan): plan is RoutePlan & { readonly classifier: RouteClassifier } {
  return plan.classifier !== null;
}
