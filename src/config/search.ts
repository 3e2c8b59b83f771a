// The `search` part of config.yaml: which engines web_search asks, where they are, and with which key. A key belongs to
// its engine alone.

import { SEARCH_ENGINES, type SearchSettings } from "../domain/search.ts";
import type { Problem } from "./problem.ts";
import { checkUrl } from "./providers.ts";
import type { Settings } from "./schema.ts";

export function toSearch({ search }: Settings): SearchSettings {
  const first = search.preferred;
  const order = [...(first === undefined ? [] : [first]), ...SEARCH_ENGINES.filter((id) => id !== first)];
  return order.map((id) => {
    const given: { readonly api_key?: string; readonly base_url?: string } = search[id];
    return { id, apiKey: given.api_key || undefined, baseUrl: given.base_url || undefined };
  });
}

export function checkSearch({ search }: Settings): Problem[] {
  return SEARCH_ENGINES.flatMap((id) => {
    const url = search[id].base_url;
    return url ? checkUrl(url, ["search", id, "base_url"]) : [];
  });
}
