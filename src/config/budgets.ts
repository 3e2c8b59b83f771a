// Model facts from the configuration, in the program's own names.

import type { Ability } from "../domain/model.ts";
import type { Price } from "../domain/price.ts";
import type { Settings } from "./schema.ts";

/** A model's facts as config.yaml gives them; `price` is absent when no price is given. */
export interface ConfiguredModel {
  readonly id: string;
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  readonly abilities?: readonly Ability[];
  readonly price?: Price;
}

export function toModels(given: Settings["models"]): ConfiguredModel[] {
  return (given ?? []).map((model) => {
    const {
      input_usd_per_mtok: input,
      output_usd_per_mtok: output,
      cached_input_usd_per_mtok: cached,
    } = model;
    const facts = {
      id: model.id,
      contextWindow: model.context_window,
      maxOutputTokens: model.max_output_tokens,
      ...(model.abilities && { abilities: model.abilities }),
    };
    if (input === undefined || output === undefined) return facts;
    const price = { inputUsdPerMtok: input, outputUsdPerMtok: output };
    return { ...facts, price: cached === undefined ? price : { ...price, cachedInputUsdPerMtok: cached } };
  });
}
