// Routing: tiers of models, and which of them a task or a request goes to. The words of configuration, decision and
// journal; who decides is brain/route.ts.

export const TIERS = ["light", "medium", "heavy", "local"] as const;
export type Tier = (typeof TIERS)[number];

/** A provider and the model it is asked for. */
export interface RouteLink {
  readonly provider: string;
  readonly model: string;
}

/** A failover chain: the first link is asked first. */
export type RouteChain = readonly [RouteLink, ...RouteLink[]];

export const AUTO = "auto";
const TIER_PREFIX = "tier:";

/** `tier:heavy` → `heavy`; undefined when the text does not name a tier in that form. The tier may be unknown. */
export function tierWordOf(text: string): string | undefined {
  return text.startsWith(TIER_PREFIX) ? text.slice(TIER_PREFIX.length) : undefined;
}

export function tierName(tier: Tier): string {
  return TIER_PREFIX + tier;
}

/** What a rule asks for: all of it together. In `any` one is enough. Patterns are globs (`*`, `?`), whole and caseless. */
export interface RouteCondition {
  /** The model that was asked for. */
  readonly model?: string;
  readonly agent?: string;
  readonly hasTools?: boolean;
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whole words or phrases of the last user message, of which `minMatches` must be there. */
  readonly keywords?: readonly string[];
  readonly minMatches?: number;
  /** Size of all user messages, estimated. */
  readonly tokensAbove?: number;
  readonly tokensBelow?: number;
  readonly any?: readonly RouteCondition[];
}

/** Where a rule leads; `tier` is null when it names one model. */
export interface RouteTarget {
  readonly tier: Tier | null;
  readonly chain: RouteChain;
}

export interface RouteRule {
  readonly name: string;
  readonly when: RouteCondition;
  /** Undefined when a built-in rule leads to a tier that is not configured. */
  readonly to: RouteTarget | undefined;
}

export interface RouteClassifier {
  readonly chain: RouteChain;
  readonly timeoutMs: number;
  readonly maxTokens: number;
}

/** Everything `model: auto` is decided by. */
export interface RoutePlan {
  readonly tiers: Readonly<Partial<Record<Tier, RouteChain>>>;
  readonly rules: readonly RouteRule[];
  readonly heuristics: readonly RouteRule[];
  readonly classifier: RouteClassifier | null;
  readonly fallback: RouteTarget & { readonly tier: Tier };
}

/** What a decision is made from. There is no place for a system prompt or a tool's result. */
export interface RouteRequest {
  readonly model: string;
  readonly agentId: string;
  readonly hasTools: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** Oldest first; the last one is the prompt. */
  readonly userMessages: readonly string[];
}

/** `direct`: the model was named; `tier`: a tier was named; the others are how `auto` was decided. */
export type RouteLayer = "direct" | "tier" | "static" | "heuristic" | "classifier" | "fallback";

/** One rule that was looked at, and what came of it. */
export interface RouteStep {
  readonly layer: RouteLayer;
  readonly rule: string;
  readonly verdict: "matched" | "no" | "not_reached";
  readonly reason: string;
}

export interface RouteDecision extends RouteTarget {
  readonly layer: RouteLayer;
  readonly rule: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly steps: readonly RouteStep[];
}

/** What stands in the way of one link of a chain, or nothing. */
export interface LinkState extends RouteLink {
  /** Why the provider cannot be used; null when it can. */
  readonly missingReason: string | null;
  /** What of the request its provider or its model cannot do; null when nothing. */
  readonly lack: string | null;
  readonly breaker: "closed" | "open" | "half_open";
  /** Epoch ms when an open circuit lets a probe through. */
  readonly retryAt: number | null;
  readonly requestsToday: number;
  readonly dailyLimit: number | null;
}

/** Why a link would be passed over now; undefined when it would be asked. */
export function obstacleOf(state: LinkState): string | undefined {
  if (state.missingReason !== null) return state.missingReason;
  if (state.lack !== null) return state.lack;
  if (state.breaker === "open") return "failed lately and is left alone";
  const { requestsToday: used, dailyLimit: limit } = state;
  if (limit === null || used < limit) return undefined;
  return `llm.daily_limits.${state.provider}: ${used} of ${limit} requests are used until 00:00 UTC`;
}

/** Who is asked first as things stand: the first link without an obstacle, else the first there is. */
export function chosenOf(states: readonly LinkState[]): LinkState | undefined {
  return states.find((state) => obstacleOf(state) === undefined) ?? states[0];
}
