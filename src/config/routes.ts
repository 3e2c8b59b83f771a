// Makes the plan of routing from `llm.tiers` and `llm.routing`: every name resolved to a chain, or a problem that says
// where and which name was near.

import {
  type RouteChain,
  type RouteClassifier,
  type RouteCondition,
  type RoutePlan,
  type RouteRule,
  type RouteTarget,
  TIERS,
  type Tier,
  tierWordOf,
} from "../domain/route.ts";
import type { ModelRef } from "./config.ts";
import { DEFAULT_HEURISTICS } from "./heuristics.ts";
import { checkModelRef, parseModelRef, tierProblem } from "./model-ref.ts";
import { type KeyPath, type Problem, suggest } from "./problem.ts";
import type { ProviderConfig } from "./providers.ts";
import type { Settings } from "./schema.ts";

type Llm = Settings["llm"];
type RuleSettings =
  | NonNullable<Llm["routing"]["rules"]>[number]
  | NonNullable<Llm["routing"]["heuristics"]>[number];

interface RouteInput {
  readonly llm: Llm;
  readonly providers: readonly ProviderConfig[];
  /** The chain behind a single PROVIDER/MODEL. */
  readonly fallbacks: readonly ModelRef[];
}

export interface ReadPlan {
  /** Null when no tier is configured. */
  readonly plan: RoutePlan | null;
  readonly problems: readonly Problem[];
}

const ROUTING: KeyPath = ["llm", "routing"];

export function readRoutes(input: RouteInput): ReadPlan {
  const { llm } = input;
  const problems: Problem[] = [...checkLimits(input)];
  const tiers = readTiers(input, problems);
  const named = TIERS.filter((tier) => tiers[tier] !== undefined);
  const wanted = llm.routing.default ?? (["medium", ...TIERS] as const).find((tier) => named.includes(tier));
  const chain = wanted && tiers[wanted];
  if (wanted === undefined || chain === undefined) {
    if (isRoutingSet(llm)) problems.push(withoutTier(wanted));
    return { plan: null, problems };
  }
  const bare: RoutePlan = {
    ...{ tiers, rules: [], heuristics: [], classifier: null },
    fallback: { tier: wanted, chain },
  };
  const { rules = [], heuristics } = llm.routing;
  const plan = {
    ...bare,
    rules: rules.flatMap((rule, at) => readRule(rule, [...ROUTING, "rules", at], bare, input, problems)),
    heuristics:
      heuristics?.flatMap((rule, at) =>
        readRule(rule, [...ROUTING, "heuristics", at], bare, input, problems),
      ) ?? DEFAULT_HEURISTICS.map(({ name, when, tier }) => ({ name, when, to: targetOf(bare, tier) })),
    classifier: readClassifier(bare, input, problems),
  };
  return { plan, problems };
}

function isRoutingSet({ routing }: Llm): boolean {
  const { rules, heuristics, classifier, default: fallback } = routing;
  return [rules, heuristics, classifier.model, fallback].some((value) => value !== undefined);
}

function withoutTier(wanted: Tier | undefined): Problem {
  if (wanted === undefined)
    return { path: ROUTING, what: "there are no tiers to route to", fix: "add llm.tiers" };
  return {
    path: [...ROUTING, "default"],
    what: `the tier ${wanted} has no chain`,
    fix: `add llm.tiers.${wanted}`,
  };
}

function readTiers({ llm, providers }: RouteInput, problems: Problem[]): Partial<Record<Tier, RouteChain>> {
  const tiers: Partial<Record<Tier, RouteChain>> = {};
  for (const tier of TIERS) {
    const [first, ...rest] = (llm.tiers[tier] ?? []).map((text, at) => {
      const ref = parseModelRef(text, providers);
      problems.push(...checkModelRef(ref, ["llm", "tiers", tier, at], providers));
      return ref;
    });
    if (first !== undefined) tiers[tier] = [first, ...rest];
  }
  return tiers;
}

function checkLimits({ llm, providers }: RouteInput): Problem[] {
  const ids = providers.map(({ id }) => id);
  return Object.keys(llm.daily_limits)
    .filter((id) => !ids.includes(id))
    .map((id) => ({
      path: ["llm", "daily_limits", id],
      at: "key" as const,
      what: `no provider is called ${JSON.stringify(id)} ${suggest(id, ids)}`,
      fix: "name one of them or add it under providers",
    }));
}

function targetOf({ tiers }: RoutePlan, tier: Tier): RouteTarget | undefined {
  const chain = tiers[tier];
  return chain && { tier, chain };
}

/** A tier, or PROVIDER/MODEL with the ordinary fallbacks behind it. */
function readUse(
  text: string,
  path: KeyPath,
  plan: RoutePlan,
  { providers, fallbacks }: RouteInput,
  problems: Problem[],
): RouteTarget | undefined {
  const word = tierWordOf(text) ?? text;
  const target = targetOf(plan, word as Tier);
  if (target !== undefined) return target;
  if (!text.includes("/")) {
    problems.push(tierProblem(plan, word, path));
    return undefined;
  }
  const ref = parseModelRef(text, providers);
  problems.push(...checkModelRef(ref, path, providers));
  const others = fallbacks.filter(({ provider, model }) => provider !== ref.provider || model !== ref.model);
  return { tier: null, chain: [ref, ...others] };
}

function readRule(
  rule: RuleSettings,
  path: KeyPath,
  plan: RoutePlan,
  input: RouteInput,
  problems: Problem[],
): RouteRule[] {
  const when = conditionOf(rule.when);
  problems.push(...checkCondition(when, [...path, "when"]));
  const to = readUse(rule.use, [...path, "use"], plan, input, problems);
  const place = Number(path.at(-1)) + 1;
  return to === undefined ? [] : [{ name: rule.name ?? `${String(path.at(-2))} ${place}`, when, to }];
}

/** All predicates there are; a list of rules offers some of them. */
interface WhenSettings {
  readonly model?: string;
  readonly agent?: string;
  readonly has_tools?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly keywords?: readonly string[];
  readonly min_matches?: number;
  readonly tokens_above?: number;
  readonly tokens_below?: number;
  readonly any?: readonly WhenSettings[];
}

function conditionOf(when: WhenSettings): RouteCondition {
  const { model, agent, has_tools: hasTools, keywords, tokens_above: above, tokens_below: below, any } = when;
  const headers = Object.entries(when.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    ...(model !== undefined && { model }),
    ...(agent !== undefined && { agent }),
    ...(hasTools !== undefined && { hasTools }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) as Record<string, string> }),
    ...(keywords !== undefined && { keywords, minMatches: when.min_matches ?? 1 }),
    ...(above !== undefined && { tokensAbove: above }),
    ...(below !== undefined && { tokensBelow: below }),
    ...(any !== undefined && { any: any.map(conditionOf) }),
  };
}

/** Headers that carry credentials: a rule must not have them stored with a task. */
const SECRET_HEADERS = ["authorization", "cookie", "proxy-authorization", "x-api-key"];

function checkCondition(when: RouteCondition, path: KeyPath): Problem[] {
  const { headers = {}, keywords, minMatches = 1, tokensAbove, tokensBelow, any = [] } = when;
  const problems: Problem[] = [];
  if (Object.keys(when).length === 0) {
    const what = "says nothing, so it would fit every request";
    problems.push({ path, what, fix: "add a condition, or remove the rule and set llm.routing.default" });
  }
  if (when.any?.length === 0) {
    problems.push({
      path: [...path, "any"],
      what: "is empty, so nothing fits",
      fix: "add a condition or remove it",
    });
  }
  if (keywords !== undefined && minMatches > keywords.length) {
    const what = `${minMatches} is more than there are keywords (${keywords.length})`;
    problems.push({ path: [...path, "min_matches"], what, fix: "lower it or add keywords" });
  }
  if (tokensAbove !== undefined && tokensBelow !== undefined && tokensBelow <= tokensAbove + 1) {
    const what = `no size is above ${tokensAbove} and below ${tokensBelow}`;
    problems.push({ path: [...path, "tokens_below"], what, fix: "raise it" });
  }
  for (const name of Object.keys(headers).filter((header) => SECRET_HEADERS.includes(header))) {
    const what = `the header ${name} carries a credential`;
    problems.push({ path: [...path, "headers"], what, fix: "choose another header" });
  }
  return [...problems, ...any.flatMap((inner, at) => checkCondition(inner, [...path, "any", at]))];
}

function readClassifier(plan: RoutePlan, input: RouteInput, problems: Problem[]): RouteClassifier | null {
  const { model, timeout_ms: timeoutMs, max_tokens: maxTokens } = input.llm.routing.classifier;
  if (model === undefined) return null;
  const use = readUse(
    model,
    [...ROUTING, "classifier", "model"],
    plan,
    { ...input, fallbacks: [] },
    problems,
  );
  return use === undefined ? null : { chain: use.chain, timeoutMs, maxTokens };
}
