// Reads the ways in which the configuration names a model: `PROVIDER`, `PROVIDER/MODEL`, `tier:NAME` and `auto`, and
// says what is wrong with one.

import { nearest } from "../domain/nearest.ts";
import { AUTO, type RouteChain, type RoutePlan, TIERS, type Tier, tierWordOf } from "../domain/route.ts";
import type { ModelRef } from "./config.ts";
import { type KeyPath, type Problem, suggest } from "./problem.ts";
import type { ProviderConfig } from "./providers.ts";

/** The first model of a provider; empty when none is known. */
export function defaultModel(providers: readonly ProviderConfig[], id: string): string {
  return providers.find((provider) => provider.id === id)?.models[0] ?? "";
}

/** `provider` or `provider/model`; the model's own name may have slashes. */
export function parseModelRef(text: string, providers: readonly ProviderConfig[]): ModelRef {
  const slash = text.indexOf("/");
  const provider = slash < 0 ? text : text.slice(0, slash);
  return { provider, model: slash < 0 ? defaultModel(providers, provider) : text.slice(slash + 1) };
}

export function checkModelRef(
  { provider, model }: ModelRef,
  path: KeyPath,
  providers: readonly ProviderConfig[],
): Problem[] {
  const ids = providers.map(({ id }) => id);
  if (!ids.includes(provider)) {
    const what = `no provider is called ${JSON.stringify(provider)} ${suggest(provider, ids)}`;
    return [{ path, what, fix: "name one of them or add it under providers" }];
  }
  return model === "" ? [{ path, what: "no model is named", fix: `write ${provider}/MODEL` }] : [];
}

/** `auto` or `tier:NAME`: a model that is chosen, and not a name. */
export function isWish(model: string | undefined): model is string {
  return model !== undefined && (model === AUTO || tierWordOf(model) !== undefined);
}

/** The chain that a wish leads to as far as the configuration alone can say; undefined when it cannot be granted. */
export function chainOfWish(plan: RoutePlan | null, wish: string): RouteChain | undefined {
  const tier = tierWordOf(wish);
  return tier === undefined ? plan?.fallback.chain : plan?.tiers[tier as Tier];
}

export function checkWish(plan: RoutePlan | null, wish: string, path: KeyPath): Problem[] {
  if (chainOfWish(plan, wish) !== undefined) return [];
  const tier = tierWordOf(wish);
  return tier === undefined
    ? [{ path, what: "auto needs tiers to choose from", fix: "add llm.tiers, or name a model" }]
    : [tierProblem(plan, tier, path)];
}

/** What is wrong with the name of a tier that has no chain. */
export function tierProblem(plan: RoutePlan | null, tier: string, path: KeyPath): Problem {
  const configured = Object.keys(plan?.tiers ?? {});
  if ((TIERS as readonly string[]).includes(tier)) {
    return { path, what: `the tier ${tier} has no chain`, fix: `add llm.tiers.${tier}` };
  }
  const choices = configured.length === 0 ? TIERS : configured;
  const near = nearest(tier, choices);
  const what = `no tier is called ${JSON.stringify(tier)} ${suggest(tier, choices)}`;
  return { path, what, fix: near === undefined ? "name one of them" : `write ${near}` };
}

/** The link that stands for a chain where one model has to be named: the first that can be used, else the first. */
export function nominalOf(chain: RouteChain, providers: readonly ProviderConfig[]): ModelRef {
  const isUsable = ({ provider }: ModelRef): boolean =>
    providers.some(({ id, missingReason }) => id === provider && missingReason === undefined);
  return chain.find(isUsable) ?? chain[0];
}
