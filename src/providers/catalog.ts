// What is known about models: window, longest answer, price and until when. Built-in data with a date; config.yaml's
// `models:` adds to it and overrides it. A model that is not here has an unknown price, never none.

import type { ModelFacts } from "../domain/model.ts";
import { KNOWN_MODELS } from "./known-models.ts";

export interface Catalog {
  /** Facts of a model, with the price of today; undefined when unknown. OpenRouter's names find the vendor's row. */
  find(provider: string, model: string): ModelFacts | undefined;
  /** The tokens that fit, in and out: the model's, or fewer when its server was told to load it with fewer. */
  windowOf(provider: string, model: string): number | undefined;
  readonly models: readonly ModelFacts[];
}

/** What `own` rows say is laid over the built-in ones; `loaded` is the window that a provider loads its models with. */
export function createCatalog(
  own: readonly ModelFacts[],
  nowMs: () => number,
  loaded: (provider: string) => number | undefined = () => undefined,
): Catalog {
  const rows = new Map(KNOWN_MODELS.map((facts) => [facts.id, facts]));
  for (const facts of own) rows.set(facts.id, laidOver(rows.get(facts.id), facts));
  const find = (provider: string, model: string): ModelFacts | undefined => {
    const exact = rows.get(`${provider}/${model}`);
    // OpenRouter passes the vendors' prices on, so its names may be looked up as they are.
    const facts = exact ?? (provider === "openrouter" ? rows.get(model) : undefined);
    return facts?.laterPrice === undefined ? facts : priced(facts, nowMs());
  };
  return {
    find,
    windowOf: (provider, model) => {
      const windows = [find(provider, model)?.contextWindow, loaded(provider)];
      const known = windows.filter((window) => window !== undefined);
      return known.length === 0 ? undefined : Math.min(...known);
    },
    models: [...rows.values()],
  };
}

/** A price of one's own is not changed by what the vendor announced, and was checked by nobody here. */
function laidOver(known: ModelFacts | undefined, own: ModelFacts): ModelFacts {
  if (known === undefined || own.price === undefined) return { ...known, ...own };
  const { laterPrice: _, check: __, ...rest } = known;
  return { ...rest, ...own };
}

function priced({ laterPrice, ...facts }: ModelFacts, nowMs: number): ModelFacts {
  const hasBegun = laterPrice !== undefined && Date.parse(laterPrice.from) <= nowMs;
  return hasBegun ? { ...facts, price: laterPrice.price } : facts;
}
