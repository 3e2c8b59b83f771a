// `route.explain`: where a prompt would go and why, without a call to a provider.

import { plainAgent } from "../../domain/agent.ts";
import { AUTO, chosenOf, type LinkState, obstacleOf, type RouteDecision } from "../../domain/route.ts";
import type { Explanation } from "../../engine/route-explain.ts";
import { defineMethod, paramsOf } from "../method.ts";
import { checkModelWish, findAgent } from "./submit.ts";

export interface ExplainParams {
  readonly prompt: string;
  /** Without an agent: a request of a client that passes through, for `auto` unless `model` says otherwise. */
  readonly agent?: string;
  readonly model?: string;
  readonly has_tools?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

export type WireRoute = ReturnType<typeof toWireRoute>;

export const explainRoute = defineMethod<ExplainParams, { route: WireRoute }>({
  name: "route.explain",
  capability: "acp.read",
  params: paramsOf(
    {
      prompt: { type: "string" },
      agent: { type: "string" },
      model: { type: "string", minLength: 1, maxLength: 200 },
      has_tools: { type: "boolean" },
      headers: {
        type: "object",
        additionalProperties: { type: "string", maxLength: 200 },
        maxProperties: 50,
      },
    },
    ["prompt"],
  ),
  run: async (ports, params) => {
    const { agent: id, has_tools: hasTools = false } = params;
    const agent = id === undefined ? plainAgent(findAgent(ports, "default")) : findAgent(ports, id);
    const model = params.model ?? (id === undefined && ports.routes.names.length > 0 ? AUTO : null);
    if (model !== null) checkModelWish(ports, model);
    const headers = Object.entries(params.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    const explained = await ports.routes.explain({
      ...{ agent, model, prompt: params.prompt, hasTools },
      headers: Object.fromEntries(headers) as Record<string, string>,
    });
    return { route: toWireRoute(explained) };
  },
});

function toWireRoute({ decision, states, wouldAsk }: Explanation) {
  const chosen = chosenOf(states);
  const steps = decision.steps.map(({ layer, rule, verdict, reason }) => ({ layer, rule, verdict, reason }));
  const chain = states.map((state) => toWireLink(state, chosen));
  const settled = wireTarget(decision, chosen);
  if (wouldAsk === null) return { ...settled, chain, steps, classifier: null };
  const { provider, model, timeoutMs } = wouldAsk;
  const undecided = { layer: "classifier", rule: `${provider}/${model}`, tier: null, confidence: null };
  return {
    ...{ ...undecided, provider: null, model: null, chain, steps },
    classifier: { provider, model, timeout_ms: timeoutMs, without_an_answer: settled },
  };
}

function wireTarget({ layer, rule, tier, confidence }: RouteDecision, chosen: LinkState | undefined) {
  return {
    ...{ layer: layer as string, rule, tier: tier as string | null, confidence: confidence as number | null },
    provider: chosen?.provider ?? null,
    model: chosen?.model ?? null,
  };
}

/** `fallback`: asked when the ones before it cannot. */
type Standing = "chosen" | "fallback" | "skipped";

function toWireLink(state: LinkState, chosen: LinkState | undefined) {
  const obstacle = obstacleOf(state);
  const standing: Standing = state === chosen ? "chosen" : obstacle === undefined ? "fallback" : "skipped";
  return {
    provider: state.provider,
    model: state.model,
    standing,
    ...(obstacle === undefined ? {} : { reason: obstacle }),
    configured: state.missingReason === null,
    breaker: state.breaker,
    ...(state.retryAt === null ? {} : { retry_at: new Date(state.retryAt).toISOString() }),
    ...(state.dailyLimit === null
      ? {}
      : { requests_today: state.requestsToday, daily_limit: state.dailyLimit }),
  };
}
