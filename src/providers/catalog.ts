// What is known about models: window, longest answer, price, abilities. Data with a date; config.yaml's `models:` adds
// to it and overrides it. A model that is not here has an unknown price, never none.

import type { Price } from "../domain/price.ts";

export interface ModelFacts {
  /** `<provider>/<model>` as the configuration names it. */
  readonly id: string;
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  readonly price?: Price;
}

/**
 * The day the prices below are of, as far as it could be established without the vendors' own pages: Anthropic's and
 * Google's agree with published comparisons of March 2026, OpenAI's are older. Vendors change them; `models:` overrides.
 */
export const PRICES_AS_OF = "2026-03-21";

const row = (
  id: string,
  contextWindow: number,
  maxOutputTokens: number,
  prices?: readonly [input: number, output: number, cached?: number, cacheWrite?: number],
): ModelFacts => {
  if (prices === undefined) return { id, contextWindow, maxOutputTokens };
  const [inputUsdPerMtok, outputUsdPerMtok, cached, write] = prices;
  const cache = {
    ...(cached === undefined ? {} : { cachedInputUsdPerMtok: cached }),
    ...(write === undefined ? {} : { cacheWriteUsdPerMtok: write }),
  };
  return { id, contextWindow, maxOutputTokens, price: { inputUsdPerMtok, outputUsdPerMtok, ...cache } };
};

const KNOWN: readonly ModelFacts[] = [
  row("openai/gpt-4o", 128_000, 16_384, [2.5, 10, 1.25]),
  row("openai/gpt-4o-mini", 128_000, 16_384, [0.15, 0.6, 0.075]),
  row("openai/gpt-4.1", 1_047_576, 32_768, [2, 8, 0.5]),
  row("openai/gpt-4.1-mini", 1_047_576, 32_768, [0.4, 1.6, 0.1]),
  row("openai/o3", 200_000, 100_000, [2, 8, 0.5]),
  row("openai/o4-mini", 200_000, 100_000, [1.1, 4.4, 0.275]),
  row("anthropic/claude-opus-4-6", 200_000, 128_000, [5, 25, 0.5, 6.25]),
  row("anthropic/claude-sonnet-4-5-20250929", 200_000, 64_000, [3, 15, 0.3, 3.75]),
  row("anthropic/claude-haiku-4-5-20251001", 200_000, 64_000, [1, 5, 0.1, 1.25]),
  // The vendor takes a million tokens, but doubles the price above 200,000: within this window the price is right.
  row("google/gemini-2.5-pro", 200_000, 65_536, [1.25, 10, 0.125]),
  row("google/gemini-2.5-flash", 1_048_576, 65_536, [0.3, 2.5, 0.03]),
  row("google/gemini-2.5-flash-lite", 1_048_576, 65_536, [0.1, 0.4, 0.01]),
];

export interface Catalog {
  /** Facts of a model; undefined when it is unknown. OpenRouter's `vendor/model` names find the vendor's row. */
  find(provider: string, model: string): ModelFacts | undefined;
  readonly models: readonly ModelFacts[];
}

/** `own` rows win over the built-in ones. */
export function createCatalog(own: readonly ModelFacts[]): Catalog {
  const rows = new Map([...KNOWN, ...own].map((facts) => [facts.id, facts]));
  return {
    find: (provider, model) => {
      const exact = rows.get(`${provider}/${model}`);
      // OpenRouter passes the vendors' prices on, so its names may be looked up as they are.
      return exact ?? (provider === "openrouter" ? rows.get(model) : undefined);
    },
    models: [...rows.values()],
  };
}
