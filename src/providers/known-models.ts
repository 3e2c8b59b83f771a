// The models that are known without a configuration: data, and for each row how far it was checked. A price is one number
// a token here, but some vendors charge long prompts more: such a model has the window that its price is right in.

import { ABILITIES, type ModelFacts, type PriceCheck } from "../domain/model.ts";
import type { Price } from "../domain/price.ts";

type Prices = readonly [input: number, output: number, cached?: number, cacheWrite?: number];

/** The day is that of the text the numbers were read in, as far as it says one. */
const read = (from: PriceCheck["from"], asOf: string, prices: Prices) => ({
  price: toPrice(prices),
  check: { from, asOf },
});
/** In the vendor's own documentation. */
const vendor = (asOf: string, ...prices: Prices) => read("vendor", asOf, prices);
/** In the words of others who quote the vendor, at least two of whom agree. */
const quoted = (asOf: string, ...prices: Prices) => read("third_party", asOf, prices);
/** From memory. */
const unchecked = (asOf: string, ...prices: Prices) => read("nobody", asOf, prices);

const row = (
  id: string,
  contextWindow: number,
  maxOutputTokens: number,
  more: Omit<ModelFacts, "id" | "contextWindow" | "maxOutputTokens">,
): ModelFacts => ({ id, contextWindow, maxOutputTokens, ...more });

const endsOn = (day: string) => ({ endsOn: day });
const later = (from: string, ...prices: Prices) => ({ laterPrice: { from, price: toPrice(prices) } });

/** Read on 2026-11-20 on the vendor's own pages, or with two others who agree; of a row without them nobody has read. */
const ABLE = { abilities: ABILITIES };
const NOT_REASONING = { abilities: ABILITIES.filter((ability) => ability !== "reasoning") };

function toPrice([inputUsdPerMtok, outputUsdPerMtok, cached, write]: Prices): Price {
  return {
    inputUsdPerMtok,
    outputUsdPerMtok,
    ...(cached === undefined ? {} : { cachedInputUsdPerMtok: cached }),
    ...(write === undefined ? {} : { cacheWriteUsdPerMtok: write }),
  };
}

/** Prompts above it cost more: at OpenAI twice (since GPT-5.6), at Haiku five times, at Gemini Pro twice. */
const OPENAI_SHORT = 272_000;
const HAIKU_SHORT = 100_000;
const GEMINI_SHORT = 200_000;

export const KNOWN_MODELS: readonly ModelFacts[] = [
  row("openai/gpt-6.2-astra", OPENAI_SHORT, 128_000, quoted("2026-11-18", 8, 40, 0.4)),
  row("openai/gpt-6.2-sol", OPENAI_SHORT, 128_000, vendor("2026-11-18", 2, 10, 0.1, 2.5)),
  row("openai/gpt-6.1-terra", OPENAI_SHORT, 128_000, quoted("2026-10-27", 1, 5, 0.05, 1.25)),
  row("openai/gpt-6-luna", OPENAI_SHORT, 128_000, {
    ...ABLE,
    ...vendor("2026-10-14", 0.1, 0.5, 0.01, 0.125),
  }),
  row("openai/o3", 200_000, 100_000, {
    ...ABLE,
    ...unchecked("2026-03-21", 2, 8, 0.5),
    ...endsOn("2026-12-11"),
  }),
  row("openai/gpt-4.1", 1_047_576, 32_768, {
    ...NOT_REASONING,
    ...quoted("2026-03-21", 2, 8, 0.5),
    ...endsOn("2027-01-14"),
  }),
  row("openai/gpt-4.1-mini", 1_047_576, 32_768, {
    ...unchecked("2026-03-21", 0.4, 1.6, 0.1),
    ...endsOn("2027-01-14"),
  }),
  row("openai/gpt-4o", 128_000, 16_384, {
    ...NOT_REASONING,
    ...quoted("2026-05-27", 2.5, 10, 1.25),
    ...endsOn("2027-01-14"),
  }),
  row("openai/gpt-4o-mini", 128_000, 16_384, {
    ...NOT_REASONING,
    ...quoted("2026-05-27", 0.15, 0.6, 0.075),
    ...endsOn("2027-01-14"),
  }),
  row("anthropic/claude-opus-5-5", 1_000_000, 128_000, vendor("2026-10-07", 4, 20, 0.2, 5)),
  row("anthropic/claude-sonnet-5-5", 1_000_000, 128_000, vendor("2026-10-07", 2, 10, 0.1, 2.5)),
  row("anthropic/claude-haiku-5-5", HAIKU_SHORT, 128_000, vendor("2026-10-07", 0.1, 0.5, 0.01, 0.125)),
  row("anthropic/claude-opus-4-6", 1_000_000, 128_000, {
    ...ABLE,
    ...vendor("2026-10-07", 5, 25, 0.5, 6.25),
  }),
  row("anthropic/claude-sonnet-4-5-20250929", 200_000, 64_000, {
    ...ABLE,
    ...vendor("2026-10-07", 3, 15, 0.3, 3.75),
    ...endsOn("2026-11-30"),
  }),
  row("anthropic/claude-haiku-4-5-20251001", 200_000, 64_000, {
    ...ABLE,
    ...vendor("2026-10-07", 1, 5, 0.1, 1.25),
  }),
  row("google/gemini-4-argon", 1_048_576, 65_536, {
    ...quoted("2026-10-14", 2, 10, 0.1),
    ...later("2026-12-01", 4, 20, 0.2),
  }),
  row("google/gemini-3.8-flash", 1_048_576, 65_536, {
    ...quoted("2026-10-07", 0.75, 3.75, 0.075),
    ...later("2027-01-01", 1.5, 7.5, 0.15),
  }),
  row("google/gemini-3.5-flash-lite", 1_048_576, 65_536, {
    ...ABLE,
    ...quoted("2026-07-31", 0.3, 2.5, 0.03),
  }),
  row("google/gemini-2.5-pro", GEMINI_SHORT, 65_536, {
    ...quoted("2026-09-20", 1.25, 10, 0.125),
    ...endsOn("2026-12-01"),
  }),
  row("google/gemini-2.5-flash", 1_048_576, 65_536, {
    ...quoted("2026-09-20", 0.3, 2.5, 0.03),
    ...endsOn("2026-12-01"),
  }),
  row("google/gemini-2.5-flash-lite", 1_048_576, 65_536, {
    ...ABLE,
    ...quoted("2026-09-20", 0.1, 0.4, 0.01),
  }),
];
