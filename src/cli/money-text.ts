// Money and token counts for people. Unknown is a word, never a zero.

export const UNKNOWN = "unknown";

/** `$12.34`, and as many digits as small amounts need: `$0.0042`. */
export function usdText(usd: number | null): string {
  if (usd === null) return UNKNOWN;
  if (usd === 0) return "$0";
  if (usd >= 1) return `$${usd.toFixed(2)}`;
  const digits = Math.min(8, 2 - Math.floor(Math.log10(usd)));
  return `$${usd.toFixed(digits).replace(/0+$/, "").replace(/\.$/, "")}`;
}

/** `850`, `12.4 k`, `1.05 M`. */
export function countText(count: number | null): string {
  if (count === null) return UNKNOWN;
  if (count < 1_000) return String(count);
  const [value, unit] = count < 1_000_000 ? [count / 1_000, "k"] : [count / 1_000_000, "M"];
  return `${value.toFixed(value < 10 ? 2 : 1).replace(/\.?0+$/, "")} ${unit}`;
}

/** A price for a million tokens, in and out: `2.5/10`. */
export function priceText(inputUsd: number | null, outputUsd: number | null): string {
  return inputUsd === null || outputUsd === null ? UNKNOWN : `${inputUsd}/${outputUsd}`;
}
