// The chain of providers of each agent: its own first, then the configured fallbacks, behind circuit breakers whose
// state is kept in the database.

import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "./config/config.ts";
import type { Paths } from "./config/paths.ts";
import type { Agent } from "./domain/agent.ts";
import { loadBreakers, saveBreaker } from "./engine/provider-health.ts";
import { readAsset } from "./native.ts";
import { createBreaker } from "./providers/breaker.ts";
import { createCassettes } from "./providers/cassettes.ts";
import { type Candidate, createFailover } from "./providers/failover.ts";
import { openProvider } from "./providers/index.ts";
import type { Provider } from "./providers/provider.ts";
import type { Store } from "./store/store.ts";
import { systemClock } from "./system.ts";

export type ProviderOf = (agent: Agent) => Provider | undefined;

export interface ChainPorts {
  readonly paths: Paths;
  readonly config: Config;
  readonly reportDefect: (component: string, error: unknown) => void;
}

export function createChains({ paths, config, reportDefect }: ChainPorts, store: Store): ProviderOf {
  const loadCassette = createCassettes(paths.cassettes, readAsset);
  const providers = new Map(
    config.providers.map((found) => [found.id, openProvider(found, { loadCassette })]),
  );
  const breaker = createBreaker({
    threshold: config.llm.failoverThreshold,
    cooldownMs: config.llm.failoverCooldownMs,
    nowMs: systemClock.nowMs,
    restored: loadBreakers(store.reader),
    save: (state) => void store.run(saveBreaker, state).catch((error) => reportDefect("failover", error)),
  });
  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    delay(ms, undefined, { signal }).catch(() => {});
  const chains = new Map<string, Provider>();

  const link = (id: string, model: string): Candidate[] => {
    const provider = providers.get(id);
    return provider === undefined ? [] : [{ provider, model }];
  };
  return (agent) => {
    const known = chains.get(agent.id);
    if (known !== undefined) return known;
    const others = config.llm.fallbacks.filter(({ provider, model }) => {
      return provider !== agent.provider || model !== agent.model;
    });
    const [first, ...rest] = [
      ...link(agent.provider, agent.model),
      ...others.flatMap(({ provider, model }) => link(provider, model)),
    ];
    if (first === undefined) return undefined;
    const chain = createFailover([first, ...rest], { breaker, wait });
    chains.set(agent.id, chain);
    return chain;
  };
}
