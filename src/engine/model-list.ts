// The models that a configuration can ask, with what is known about each and whether its provider is left alone now.
// What is not known is null, never zero.

import type { Config } from "../config/config.ts";
import type { Ability, PriceCheck } from "../domain/model.ts";
import type { BreakerState } from "../providers/breaker.ts";
import type { Catalog } from "../providers/catalog.ts";

export interface ModelRow {
  readonly provider: string;
  readonly model: string;
  /** Why the provider cannot be used; null when it can. */
  readonly missingReason: string | null;
  readonly contextWindow: number | null;
  readonly maxOutputTokens: number | null;
  readonly inputUsdPerMtok: number | null;
  readonly outputUsdPerMtok: number | null;
  readonly cachedInputUsdPerMtok: number | null;
  readonly abilities: readonly Ability[] | null;
  /** How far a built-in price was checked; null for configured and unknown ones. */
  readonly check: PriceCheck | null;
  /** The day on which the vendor shuts the model down; null when none is announced. */
  readonly endsOn: string | null;
  /** `half_open`: the next call is a probe. */
  readonly breaker: "closed" | "open" | "half_open";
  readonly failures: number;
  /** Epoch ms when an open circuit lets a probe through; null while it is closed. */
  readonly retryAt: number | null;
  /** Requests of today (UTC) to the provider, counted only where it has a limit; null without one. */
  readonly requestsToday: number | null;
  readonly dailyLimit: number | null;
  /** True for the model of agents that name none. */
  readonly isDefault: boolean;
}

export interface ModelListInput {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly breakers: readonly BreakerState[];
  readonly nowMs: number;
  readonly requestsToday: (provider: string) => number;
  /** Also the providers that are not configured. */
  readonly all: boolean;
}

export function listModels(input: ModelListInput): ModelRow[] {
  const { config, catalog, breakers, nowMs, all } = input;
  return config.providers
    .filter((provider) => all || provider.missingReason === undefined)
    .flatMap((provider) => {
      const { id, missingReason = null } = provider;
      const circuit = circuitOf(
        breakers.find((state) => state.provider === id),
        config.llm.failoverCooldownMs,
        nowMs,
      );
      const dailyLimit = config.llm.dailyLimits[id] ?? null;
      const requestsToday = dailyLimit === null ? null : input.requestsToday(id);
      return modelsOf(config, catalog, id).map((model) => ({
        ...{ provider: id, model, missingReason, ...circuit, requestsToday, dailyLimit },
        ...factsOf(catalog, id, model),
        isDefault: config.llm.provider === id && config.llm.model === model,
      }));
    });
}

/** Configured names first, then those that agents, fallbacks and tiers use, then what the catalogue knows besides. */
function modelsOf({ providers, agents, llm }: Config, catalog: Catalog, id: string): string[] {
  const own = providers.find((provider) => provider.id === id)?.models ?? [];
  const routed = Object.values(llm.routes?.tiers ?? {}).flat();
  const used = [llm, ...agents, ...llm.fallbacks, ...routed]
    .filter(({ provider }) => provider === id)
    .map(({ model }) => model);
  const known = catalog.models
    .filter((facts) => facts.id.startsWith(`${id}/`))
    .map((facts) => facts.id.slice(id.length + 1));
  return [...new Set([...own, ...used, ...known])].filter((model) => model !== "");
}

function factsOf(catalog: Catalog, provider: string, model: string) {
  const facts = catalog.find(provider, model);
  const price = facts?.price;
  return {
    contextWindow: catalog.windowOf(provider, model) ?? null,
    maxOutputTokens: facts?.maxOutputTokens ?? null,
    inputUsdPerMtok: price?.inputUsdPerMtok ?? null,
    outputUsdPerMtok: price?.outputUsdPerMtok ?? null,
    cachedInputUsdPerMtok: price?.cachedInputUsdPerMtok ?? null,
    abilities: facts?.abilities ?? null,
    check: facts?.check ?? null,
    endsOn: facts?.endsOn ?? null,
  };
}

/** The circuit of a provider as it stands at `nowMs`. */
export function circuitOf(
  state: BreakerState | undefined,
  cooldownMs: number,
  nowMs: number,
): Pick<ModelRow, "breaker" | "failures" | "retryAt"> {
  const failures = state?.failures ?? 0;
  const openedAt = state?.openedAt ?? null;
  if (openedAt === null) return { breaker: "closed", failures, retryAt: null };
  const waited = nowMs - openedAt;
  const isOpen = waited >= 0 && waited < cooldownMs;
  return { breaker: isOpen ? "open" : "half_open", failures, retryAt: openedAt + cooldownMs };
}
