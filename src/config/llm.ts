// Resolves `llm`: who answers when nobody else is named, the fallbacks behind it, and the plan of routing.

import type { Config } from "./config.ts";
import {
  chainOfWish,
  checkModelRef,
  checkWish,
  defaultModel,
  isWish,
  nominalOf,
  parseModelRef,
} from "./model-ref.ts";
import { type Problem, suggest } from "./problem.ts";
import { chooseProvider, type ProviderConfig } from "./providers.ts";
import { readRoutes } from "./routes.ts";
import type { Settings } from "./schema.ts";

type Llm = Config["llm"];

export function resolveLlm(
  settings: Settings,
  providers: readonly ProviderConfig[],
): { readonly llm: Llm; readonly problems: readonly Problem[] } {
  const given = settings.llm;
  const fallbacks = (given.fallback_providers ?? []).map((text) => parseModelRef(text, providers));
  const routes = readRoutes({ llm: given, providers, fallbacks });
  const wish = isWish(given.model) ? given.model : undefined;
  const chain = wish === undefined ? undefined : chainOfWish(routes.plan, wish);
  const provider = chooseProvider(settings, providers);
  const named = { provider, model: given.model ?? defaultModel(providers, provider) };
  const llm: Llm = {
    ...(chain === undefined ? named : nominalOf(chain, providers)),
    ...(wish === undefined ? {} : { routed: wish }),
    explicit: given.provider !== undefined || wish !== undefined,
    fallbacks,
    failoverThreshold: given.failover_threshold,
    failoverCooldownMs: Math.round(given.failover_cooldown_seconds * 1000),
    dailyLimits: given.daily_limits,
    routes: routes.plan,
  };
  const own =
    wish === undefined
      ? checkModel(llm, providers)
      : [...checkWish(routes.plan, wish, ["llm", "model"]), ...checkAlone(given.provider, wish)];
  const others = fallbacks.flatMap((ref, at) =>
    checkModelRef(ref, ["llm", "fallback_providers", at], providers),
  );
  return { llm, problems: [...own, ...others, ...routes.problems] };
}

function checkModel(llm: Llm, providers: readonly ProviderConfig[]): Problem[] {
  const ids = providers.map((provider) => provider.id);
  if (!ids.includes(llm.provider)) {
    const what = `no provider is called ${JSON.stringify(llm.provider)} ${suggest(llm.provider, ids)}`;
    return [{ path: ["llm", "provider"], what, fix: "name one of them or add it under providers" }];
  }
  if (llm.model !== "") return [];
  const fix = `set llm.model or list models under providers.${llm.provider}.models`;
  return [{ path: ["llm", "provider"], what: "no model is named for this provider", fix }];
}

function checkAlone(provider: string | undefined, wish: string): Problem[] {
  if (provider === undefined) return [];
  const what = `a provider is named beside model: ${wish}, which chooses one`;
  return [{ path: ["llm", "provider"], what, fix: "remove it" }];
}
