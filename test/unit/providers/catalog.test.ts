// The built-in models: what a configuration's rows overrule, when an announced price begins, and that nobody starts with
// a model that is about to be shut down.

import { expect, test } from "vitest";
import type { ModelFacts } from "../../../src/domain/model.ts";
import { createCatalog } from "../../../src/providers/catalog.ts";
import { KNOWN_MODELS } from "../../../src/providers/known-models.ts";
import { load } from "../config/home.ts";

const before = (day: string): number => Date.parse(day) - 1;
const at = (day: string) => createCatalog([], () => Date.parse(day));

test("an announced price counts from its first day on", () => {
  const model = ["google", "gemini-3.8-flash"] as const;
  const old = createCatalog([], () => before("2027-01-01")).find(...model)?.price;
  expect(old).toMatchObject({ inputUsdPerMtok: 0.75, outputUsdPerMtok: 3.75 });
  expect(at("2027-01-01").find(...model)?.price).toMatchObject({
    inputUsdPerMtok: 1.5,
    outputUsdPerMtok: 7.5,
  });
});

test("a row of the configuration is laid over the built-in one", () => {
  const id = "google/gemini-3.8-flash";
  const window = { id, contextWindow: 10, maxOutputTokens: 5 };
  const find = (own: ModelFacts) =>
    createCatalog([own], () => Date.parse("2030-01-01")).find("google", id.slice(7));
  const known = at("2030-01-01").find("google", "gemini-3.8-flash");
  expect(find({ ...window, abilities: ["tools"] })).toEqual({ ...known, ...window, abilities: ["tools"] });
  // A price of one's own has no announced end and no check.
  const price = { inputUsdPerMtok: 1, outputUsdPerMtok: 2 };
  expect(find({ ...window, price })).toEqual({ ...window, price });
});

test("a model that only the configuration knows is as it says", () => {
  const own = { id: "local/m", contextWindow: 10, maxOutputTokens: 5 };
  expect(createCatalog([own], () => 0).find("local", "m")).toEqual(own);
});

test("OpenRouter's names find the vendor's row, other unknown names find nothing", () => {
  expect(at("2026-11-20").find("openrouter", "openai/gpt-6-luna")?.id).toBe("openai/gpt-6-luna");
  expect(at("2026-11-20").find("local", "openai/gpt-6-luna")).toBeUndefined();
});

test.each(KNOWN_MODELS.map((facts) => [facts.id, facts] as const))("%s is whole", (_, facts) => {
  expect(facts.price?.cachedInputUsdPerMtok).toBeLessThan(facts.price!.inputUsdPerMtok);
  expect(facts.price!.outputUsdPerMtok).toBeGreaterThan(facts.price!.inputUsdPerMtok);
  expect(facts.check?.asOf).toMatch(/^20\d\d-\d\d-\d\d$/);
  expect(facts.maxOutputTokens).toBeGreaterThan(0);
});

test("every default model of a vendor with prices is known, and no vendor has announced its end", () => {
  const defaults = load("").providers.flatMap(({ id, models }) =>
    ["anthropic", "google", "openai", "openrouter"].includes(id) ? [[id, models[0] ?? ""] as const] : [],
  );
  expect(defaults).toHaveLength(4);
  for (const [provider, model] of defaults) {
    const facts = at("2026-11-20").find(provider, model);
    expect([provider, facts?.price !== undefined, facts?.endsOn]).toEqual([provider, true, undefined]);
  }
});
