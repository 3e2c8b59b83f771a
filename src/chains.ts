// Opens every configured provider once and joins them to chains: failover behind circuit breakers whose state is kept
// in the database, limits a day in front of the providers that have one, and no known secret in what anybody answers.

import { setTimeout as delay } from "node:timers/promises";
import { createMemory } from "./brain/classify.ts";
import { type Config, findProvider } from "./config/config.ts";
import type { Paths } from "./config/paths.ts";
import type { LinkState, RouteChain, RouteLink } from "./domain/route.ts";
import { countRequest, requestsToday } from "./engine/daily-requests.ts";
import { circuitOf } from "./engine/model-list.ts";
import { loadBreakers, saveBreaker } from "./engine/provider-health.ts";
import type { Routing } from "./engine/route-task.ts";
import { readAsset } from "./native.ts";
import { type Breaker, createBreaker } from "./providers/breaker.ts";
import { createCassettes } from "./providers/cassettes.ts";
import { createCatalog } from "./providers/catalog.ts";
import { type Cleaner, cleaned } from "./providers/clean.ts";
import { limitDaily } from "./providers/daily-limit.ts";
import { type Candidate, createFailover } from "./providers/failover.ts";
import { openProvider } from "./providers/index.ts";
import type { Provider } from "./providers/provider.ts";
import type { Store } from "./store/store.ts";
import { systemClock } from "./system.ts";

export interface ChainPorts {
  readonly paths: Paths;
  readonly config: Config;
  /** Redacts what a model says while it says it. */
  readonly createCleaner: () => Cleaner;
  readonly reportDefect: (component: string, error: unknown) => void;
}

export function createRouting(
  { paths, config, createCleaner, reportDefect }: ChainPorts,
  store: Store,
): Routing {
  const { llm } = config;
  const providers = openProviders(config, paths, store);
  const breaker = createBreaker({
    threshold: llm.failoverThreshold,
    cooldownMs: llm.failoverCooldownMs,
    nowMs: systemClock.nowMs,
    restored: loadBreakers(store.reader),
    save: (state) => void store.run(saveBreaker, state).catch((error) => reportDefect("failover", error)),
  });
  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    delay(ms, undefined, { signal }).catch(() => {});
  const chains = new Map<string, Provider>();
  const openChain = (chain: RouteChain): Provider | undefined => {
    const key = JSON.stringify(chain);
    const known = chains.get(key);
    if (known !== undefined) return known;
    const [first, ...rest] = chain.flatMap(({ provider: id, model }): Candidate[] => {
      const provider = providers.get(id);
      return provider === undefined ? [] : [{ provider, model }];
    });
    if (first === undefined) return undefined;
    const opened = cleaned(createFailover([first, ...rest], { breaker, wait }), createCleaner);
    if (chains.size < CHAINS_KEPT) chains.set(key, opened);
    return opened;
  };
  return {
    ...{ plan: llm.routes, fallbacks: llm.fallbacks, openChain, memory: createMemory() },
    stateOf: (link, asked) => ({
      ...stateOf(link, config, breaker, store),
      lack: providers.get(link.provider)?.lackOf?.({ ...asked, model: link.model })?.message ?? null,
    }),
  };
}

/** Far more than a configuration has; names of models come from callers, too. */
const CHAINS_KEPT = 10_000;

function openProviders(config: Config, paths: Paths, store: Store): Map<string, Provider> {
  const catalog = createCatalog(config.models, systemClock.nowMs);
  const ports = { loadCassette: createCassettes(paths.cassettes, readAsset), catalog };
  return new Map(
    config.providers.map((found) => {
      const { id, missingReason } = found;
      const provider = openProvider(found, ports);
      const limit = config.llm.dailyLimits[id];
      // One that cannot be used makes no request, so there is none to count.
      if (limit === undefined || missingReason !== undefined) return [id, provider];
      return [id, limitDaily(provider, limit, () => store.insist(countRequest, { provider: id, limit }))];
    }),
  );
}

function stateOf(link: RouteLink, config: Config, breaker: Breaker, store: Store): Omit<LinkState, "lack"> {
  const { failoverCooldownMs, dailyLimits } = config.llm;
  const nowMs = systemClock.nowMs();
  const state = breaker.states().find(({ provider }) => provider === link.provider);
  const found = findProvider(config, link.provider);
  const { breaker: circuit, retryAt } = circuitOf(state, failoverCooldownMs, nowMs);
  return {
    ...link,
    missingReason:
      found === undefined ? `no provider is called ${link.provider} any more` : (found.missingReason ?? null),
    ...{ breaker: circuit, retryAt },
    requestsToday: requestsToday(store.reader, link.provider, nowMs),
    dailyLimit: dailyLimits[link.provider] ?? null,
  };
}
