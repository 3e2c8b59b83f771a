// What one answer cost, by the catalogue's price of the model that really answered.

import type { Answer } from "../domain/message.ts";
import { costOf } from "../domain/price.ts";
import type { Catalog } from "../providers/catalog.ts";
import type { Link } from "./window.ts";

type Priced = Pick<Answer, "provider" | "model" | "usage">;

/** US dollars; null when the price is not known. `links` are what was asked for: vendors answer under dated names. */
export function priceOf(catalog: Catalog, links: readonly Link[], answer: Priced): number | null {
  const exact = catalog.find(answer.provider, answer.model);
  if (exact !== undefined) return costOf(exact.price, answer.usage);
  const asked = links.filter(({ provider }) => provider === answer.provider);
  // One provider may stand in a chain twice, with two models: `m-1-2026-01-31` is m-1's answer.
  const link = asked.find(({ model }) => answer.model.startsWith(model)) ?? asked[0];
  return costOf(link && catalog.find(link.provider, link.model)?.price, answer.usage);
}
