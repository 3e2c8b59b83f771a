// Money and counts in words: short, never rounded to nothing, and unknown where nothing is known.

import { expect, test } from "vitest";
import { countText, priceText, usdText } from "../../../src/cli/money-text.ts";

test.each([
  [null, "unknown"],
  [0, "$0"],
  [12.345, "$12.35"],
  [0.5, "$0.5"],
  [0.0042, "$0.0042"],
  [0.000_012_3, "$0.0000123"],
])("usd %j is %s", (usd, text) => {
  expect(usdText(usd)).toBe(text);
});

test.each([
  [null, "unknown"],
  [0, "0"],
  [999, "999"],
  [32_000, "32 k"],
  [1_234, "1.23 k"],
  [1_048_576, "1.05 M"],
])("count %j is %s", (count, text) => {
  expect(countText(count)).toBe(text);
});

test("a price of half a pair is unknown", () => {
  expect([priceText(2.5, 10), priceText(0, 0), priceText(1, null)]).toEqual(["2.5/10", "0/0", "unknown"]);
});
