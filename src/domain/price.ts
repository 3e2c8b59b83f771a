// What tokens cost. A model without a known price costs "unknown", never zero.

import type { TokenUsage } from "./message.ts";

/** US dollars per million tokens. */
export interface Price {
  readonly inputUsdPerMtok: number;
  readonly outputUsdPerMtok: number;
  /** Input read from the vendor's cache; the input price when the vendor has none. */
  readonly cachedInputUsdPerMtok?: number;
  /** Input written to the vendor's cache; the input price when the vendor charges no more. */
  readonly cacheWriteUsdPerMtok?: number;
}

const MTOK = 1_000_000;

/** US dollars for one answer; null when the price or the usage is unknown. */
export function costOf(price: Price | undefined, usage: TokenUsage | null): number | null {
  if (price === undefined || usage === null) return null;
  const written = usage.cacheWriteTokens ?? 0;
  const plain = Math.max(0, usage.inputTokens - usage.cachedTokens - written);
  const { inputUsdPerMtok, outputUsdPerMtok } = price;
  return (
    (plain * inputUsdPerMtok +
      usage.cachedTokens * (price.cachedInputUsdPerMtok ?? inputUsdPerMtok) +
      written * (price.cacheWriteUsdPerMtok ?? inputUsdPerMtok) +
      usage.outputTokens * outputUsdPerMtok) /
    MTOK
  );
}
