// Whose price an answer has, when the vendor names its model otherwise than it was asked for.

import { expect, test } from "vitest";
import { priceOf } from "../../../src/brain/price.ts";
import { createCatalog } from "../../../src/providers/catalog.ts";
import { answerOf } from "../../support/inputs.ts";

const priced = (id: string, usd: number) => ({
  ...{ id, contextWindow: 1_000, maxOutputTokens: 1_000 },
  price: { inputUsdPerMtok: 0, outputUsdPerMtok: usd },
});
const CATALOG = createCatalog([priced("a/big", 100), priced("a/small", 1), priced("b/other", 10)], () => 0);
const LINKS = [
  { provider: "a", model: "big" },
  { provider: "a", model: "small" },
  { provider: "b", model: "other" },
];
const usage = { inputTokens: 5, outputTokens: 1_000_000, cachedTokens: 0 };

test.each([
  ["a", "big", 100],
  ["a", "small-2026-01-31", 1],
  ["a", "an alias", 100],
  ["b", "other-v2", 10],
  ["c", "big", null],
] as const)("%s/%s costs %j", (provider, model, usd) => {
  expect(priceOf(CATALOG, LINKS, answerOf("x", { provider, model, usage }))).toBe(usd);
});

test("without usage the cost is unknown, whatever the price", () => {
  expect(priceOf(CATALOG, LINKS, answerOf("x", { provider: "a", model: "big" }))).toBeNull();
});
