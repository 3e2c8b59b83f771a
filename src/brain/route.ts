// Decides which chain of models `auto` means: static rules, then heuristics about the user's words, then a classifier,
// then the default tier; the first that fits decides. The same function explains, with a classifier that is not asked.

import {
  AUTO,
  type RouteCondition,
  type RouteDecision,
  type RouteLayer,
  type RoutePlan,
  type RouteRequest,
  type RouteRule,
  type RouteStep,
  type RouteTarget,
  type Tier,
  tierName,
  tierWordOf,
} from "../domain/route.ts";
import { ESTIMATE } from "../providers/tokens.ts";
import { globFits, matchCondition, type Reading, readRequest } from "./route-match.ts";

/** The tier it named, or why there is none. */
export type Classified =
  | { readonly tier: Tier; readonly reason: string }
  | { readonly tier: null; readonly reason: string };

/** Asked at most once, and only when no rule fits. */
export type Classify = (prompt: string) => Promise<Classified>;

const CONFIDENCE: Record<RouteLayer, number> = {
  direct: 1,
  tier: 1,
  static: 1,
  heuristic: 0.8,
  classifier: 0.7,
  fallback: 0.3,
};

/** Whether the model that was asked for is chosen by the plan: `auto`, a tier, or a name that a rule takes. */
export function isRouted(plan: RoutePlan, model: string): boolean {
  if (model === AUTO) return true;
  const tier = tierWordOf(model);
  if (tier !== undefined) return Object.hasOwn(plan.tiers, tier);
  return plan.rules.some(({ when }) => takesName(when, model));
}

/** A name other than `auto` is taken over only by a rule that names it. */
function takesName({ model, any = [] }: RouteCondition, name: string): boolean {
  if (model !== undefined) return globFits(model, name) && !globFits(model, AUTO);
  return any.some((condition) => takesName(condition, name));
}

export async function decideRoute(
  plan: RoutePlan,
  request: RouteRequest,
  classify: Classify,
): Promise<RouteDecision> {
  const asked = tierWordOf(request.model) as Tier | undefined;
  const chain = asked && plan.tiers[asked];
  if (asked !== undefined && chain !== undefined)
    return decision("tier", { name: tierName(asked), to: { tier: asked, chain } }, []);
  const reading = readRequest(request, ESTIMATE.countText);
  const steps: RouteStep[] = [];
  const rule =
    firstFitting("static", plan.rules, reading, steps) ??
    firstFitting("heuristic", plan.heuristics, reading, steps);
  if (rule !== undefined) return decision(rule.layer, rule, [...steps, ...notReached(plan, steps)]);
  const classified = await askClassifier(plan, reading, classify, steps);
  if (classified !== undefined)
    return decision("classifier", classified, [...steps, ...notReached(plan, steps)]);
  steps.push({ layer: "fallback", rule: "default", verdict: "matched", reason: "nothing else decided" });
  return decision("fallback", { name: "default", to: plan.fallback }, steps);
}

interface Fitting {
  readonly name: string;
  readonly to: RouteTarget;
}

function decision(layer: RouteLayer, { name, to }: Fitting, steps: readonly RouteStep[]): RouteDecision {
  return { layer, rule: name, ...to, confidence: CONFIDENCE[layer], steps };
}

function firstFitting(
  layer: "static" | "heuristic",
  rules: readonly RouteRule[],
  reading: Reading,
  steps: RouteStep[],
): (Fitting & { readonly layer: RouteLayer }) | undefined {
  for (const { name, when, to } of rules) {
    const { fits, reason } = matchCondition(when, reading);
    const leads = fits && to !== undefined;
    const why = fits && to === undefined ? `${reason}; but its tier is not configured` : reason;
    steps.push({ layer, rule: name, verdict: leads ? "matched" : "no", reason: why });
    if (leads) return { layer, name, to };
  }
  return undefined;
}

async function askClassifier(
  plan: RoutePlan,
  { prompt }: Reading,
  classify: Classify,
  steps: RouteStep[],
): Promise<Fitting | undefined> {
  if (plan.classifier === null) return undefined;
  const { provider, model } = plan.classifier.chain[0];
  const rule = `${provider}/${model}`;
  const { tier, reason } = await classify(prompt);
  const chain = tier === null ? undefined : plan.tiers[tier];
  steps.push({ layer: "classifier", rule, verdict: chain === undefined ? "no" : "matched", reason });
  return tier === null || chain === undefined ? undefined : { name: rule, to: { tier, chain } };
}

/** Everything that stands behind the last step. */
function notReached(plan: RoutePlan, steps: readonly RouteStep[]): RouteStep[] {
  const all: [RouteLayer, string][] = [
    ...plan.rules.map(({ name }): [RouteLayer, string] => ["static", name]),
    ...plan.heuristics.map(({ name }): [RouteLayer, string] => ["heuristic", name]),
    ...(plan.classifier?.chain.slice(0, 1) ?? []).map(({ provider, model }): [RouteLayer, string] => [
      "classifier",
      `${provider}/${model}`,
    ]),
    ["fallback", "default"],
  ];
  const reason = "an earlier one decided";
  return all.slice(steps.length).map(([layer, rule]) => ({ layer, rule, verdict: "not_reached", reason }));
}
