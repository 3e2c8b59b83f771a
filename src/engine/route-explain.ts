// Says where a prompt would go and why, by the function that decides at run time, without calling a provider. A
// classifier is not asked: what it said about the same prompt before counts, else it is only named.

import { recall } from "../brain/classify.ts";
import { type Classify, decideRoute, isRouted } from "../brain/route.ts";
import { offeredTools } from "../brain/turn.ts";
import type { Agent } from "../domain/agent.ts";
import type { LinkState, RouteDecision, RoutePlan, RouteRequest } from "../domain/route.ts";
import { directChain, hasClassifier, type OfferingHands, type Routing } from "./route-task.ts";

export interface ExplainInput {
  readonly agent: Agent;
  readonly prompt: string;
  /** As `run --model` takes it; null for the agent's own. */
  readonly model: string | null;
  /** True when tools are offered whatever the agent has. */
  readonly hasTools: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Explanation {
  /** What is decided now; with a classifier that would be asked, what is decided when it has no answer. */
  readonly decision: RouteDecision;
  readonly states: readonly LinkState[];
  /** Set when the decision would be the classifier's. */
  readonly wouldAsk: { readonly provider: string; readonly model: string; readonly timeoutMs: number } | null;
}

export async function explainRoute(
  routing: Routing,
  hands: OfferingHands,
  input: ExplainInput,
): Promise<Explanation> {
  const { plan } = routing;
  const { agent, model } = input;
  const asked = model ?? agent.routed;
  const tools = [...offeredTools(agent, hands), ...(input.hasTools ? [ANY_TOOL] : [])];
  const wanted = { messages: [], tools, sampling: {} };
  const statesOf = ({ chain }: RouteDecision) => chain.map((link) => routing.stateOf(link, wanted));
  if (asked === undefined || plan === null || !isRouted(plan, asked)) {
    const rule = model === null ? `agent:${agent.id}` : "model";
    const chain = directChain(routing, agent, model);
    const decision = { layer: "direct", rule, tier: null, chain, confidence: 1, steps: [] } as const;
    return { decision, states: statesOf(decision), wouldAsk: null };
  }
  const request: RouteRequest = {
    model: asked,
    agentId: agent.id,
    hasTools: tools.length > 0,
    headers: input.headers,
    userMessages: [input.prompt],
  };
  let isAsked = false;
  const ask: Classify = async (prompt) => {
    const known = remembered(routing, plan, prompt);
    if (known !== undefined) return { tier: known, reason: `it said ${known} about the same prompt before` };
    isAsked = true;
    return { tier: null, reason: "it would be asked now; an explanation makes no call" };
  };
  const decision = await decideRoute(plan, request, ask);
  const { classifier } = plan;
  const wouldAsk =
    isAsked && classifier !== null ? { ...classifier.chain[0], timeoutMs: classifier.timeoutMs } : null;
  return { decision, states: statesOf(decision), wouldAsk };
}

const ANY_TOOL = { name: "any", description: "", params: {} };

function remembered({ memory }: Routing, plan: RoutePlan, prompt: string) {
  return hasClassifier(plan) ? recall(plan, memory, prompt) : undefined;
}
