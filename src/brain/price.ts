// What one answer cost, by the catalogue's price of the model that really answered.

import type { Answer } from "../domain/message.ts";
import { costOf } from "../domain/price.ts";
import type { Catalog } from "../providers/catalog.ts";

/** US dollars; null when the price is not known. `model` is what was asked for: vendors answer under dated names. */
export function priceOf(catalog: Catalog, model: string, answer: Answer): number | null {
  const facts = catalog.find(answer.provider, answer.model) ?? catalog.find(answer.provider, model);
  return costOf(facts?.price, answer.usage);
}
