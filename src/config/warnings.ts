// What is odd about a configuration without making it invalid, in words for its owner.

import { LEAST_SECRET_CHARS } from "../domain/secret.ts";
import type { Config } from "./config.ts";

export function warningsOf({ providers }: Pick<Config, "providers">): string[] {
  return [...shortKeys(providers), ...providers.flatMap(ignoredSettings)];
}

function shortKeys(providers: Config["providers"]): string[] {
  return providers.flatMap(({ id, apiKey = "", keyPlaces }) => {
    if (apiKey === "" || apiKey.length >= LEAST_SECRET_CHARS) return [];
    const length = apiKey.length === 1 ? "1 character" : `${apiKey.length} characters`;
    return [
      `providers.${id}.api_key has only ${length}: too short to be kept out of messages and logs — ` +
        `check where it comes from (${keyPlaces.join(", ")}); a server that wants no key needs none here`,
    ];
  });
}

/** Settings that one type alone honours. */
function ignoredSettings(provider: Config["providers"][number]): string[] {
  const { id, type, numCtx, maxTokens, thinkingTokens, reasoningSummary } = provider;
  const settings = [
    ["num_ctx", "ollama", numCtx],
    ["max_tokens", "anthropic", maxTokens],
    ["thinking_tokens", "anthropic", thinkingTokens],
    ["reasoning_summary", "openai_compatible", reasoningSummary],
  ] as const;
  return settings
    .filter(([, honours, value]) => value !== undefined && honours !== type)
    .map(
      ([key, honours]) =>
        `providers.${id}.${key} is ignored: it belongs to the type ${honours}, and this provider is ${type} — remove it, or set type: ${honours}`,
    );
}
