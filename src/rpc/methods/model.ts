// `model.list`: which models may be asked, what they cost, and whose provider is left alone at the moment.
// `model.agents`: what a client of the OpenAI routes may name as its model.

import { coversAgent } from "../../domain/key.ts";
import type { ModelRow } from "../../engine/model-list.ts";
import { defineMethod, paramsOf } from "../method.ts";

export type WireModel = ReturnType<typeof toWireModel>;

export const listModel = defineMethod<{ readonly all?: boolean }, { models: WireModel[] }>({
  name: "model.list",
  capability: "acp.read",
  params: paramsOf({ all: { type: "boolean" } }),
  run: async ({ modelRows }, { all = false }) => ({ models: modelRows(all).map(toWireModel) }),
});

/** Names of agent `default` without its prefix. */
const DEFAULT_NAMES = ["goclaw", "goclaw-v1"];

/** A holder of an API key is shown the key's own agents. */
export const listAgentModel = defineMethod<Record<string, never>, readonly string[]>({
  name: "model.agents",
  capability: "acp.read",
  params: paramsOf({}),
  forKey: (_ports, params) => params,
  run: async ({ agents }, _params, { key }) => {
    const mayUse = (id: string): boolean => key === undefined || coversAgent(key, id);
    const named = agents.map(({ id }) => id).filter(mayUse);
    return [...(mayUse("default") ? DEFAULT_NAMES : []), ...named.map((id) => `agent:${id}`)];
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
    price_as_of: row.check?.asOf ?? null,
    price_checked: row.check?.from ?? null,
    ends_on: row.endsOn,
    breaker: row.breaker,
    failures: row.failures,
    ...(row.retryAt === null ? {} : { retry_at: new Date(row.retryAt).toISOString() }),
  };
}
