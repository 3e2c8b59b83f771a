// `model.list`: which models may be asked, what they cost, and whose provider is left alone at the moment. `model.names`:
// what a client of /v1 may name as its model.

import { coversAgent } from "../../domain/key.ts";
import type { ModelRow } from "../../engine/model-list.ts";
import { hasScope } from "../key-scope.ts";
import { defineMethod, paramsOf } from "../method.ts";

export type WireModel = ReturnType<typeof toWireModel>;

export const listModel = defineMethod<{ readonly all?: boolean }, { models: WireModel[] }>({
  name: "model.list",
  capability: "acp.read",
  params: paramsOf({ all: { type: "boolean" } }),
  run: async ({ modelRows }, { all = false }) => ({ models: modelRows(all).map(toWireModel) }),
});

/** A holder of an API key is shown the key's own agents, and what is chosen for it only where its scopes cover that. */
export const listModelNames = defineMethod<Record<string, never>, { names: readonly string[] }>({
  name: "model.names",
  capability: "acp.read",
  params: paramsOf({}),
  forKey: (_ports, params) => params,
  run: async ({ agents, routes, modelRows }, _params, { key }) => {
    const mayUse = (id: string): boolean => key === undefined || coversAgent(key, id);
    const mayPass = mayUse("default") && (key === undefined || hasScope(key, "llm.passthrough"));
    return {
      names: [
        ...(mayUse("default") ? ["goclaw", "goclaw-v1"] : []),
        ...(mayPass ? routes.names : []),
        ...agents.filter(({ id }) => mayUse(id)).map(({ id }) => `agent:${id}`),
        ...(mayPass ? modelRows(false).map(({ provider, model }) => `${provider}/${model}`) : []),
      ],
    };
  },
});

function toWireModel(row: ModelRow) {
  return {
    id: `${row.provider}/${row.model}`,
    provider: row.provider,
    model: row.model,
    default: row.isDefault,
    configured: row.missingReason === null,
    ...(row.missingReason === null ? {} : { reason: row.missingReason }),
    context_window: row.contextWindow,
    max_output_tokens: row.maxOutputTokens,
    input_usd_per_mtok: row.inputUsdPerMtok,
    output_usd_per_mtok: row.outputUsdPerMtok,
    cached_input_usd_per_mtok: row.cachedInputUsdPerMtok,
    abilities: row.abilities,
    price_as_of: row.check?.asOf ?? null,
    price_checked: row.check?.from ?? null,
    ends_on: row.endsOn,
    breaker: row.breaker,
    failures: row.failures,
    ...(row.dailyLimit === null
      ? {}
      : { requests_today: row.requestsToday ?? 0, daily_limit: row.dailyLimit }),
    ...(row.retryAt === null ? {} : { retry_at: new Date(row.retryAt).toISOString() }),
  };
}
