// What can be known about a model, from the built-in catalogue or from the configuration.

import type { Price } from "./price.ts";

/** Closed: each of them decides whether a model is asked. `json_schema`: the vendor's own mode for it. */
export const ABILITIES = ["tools", "images", "reasoning", "json_schema"] as const;
export type Ability = (typeof ABILITIES)[number];

export interface ModelFacts {
  /** `<provider>/<model>` as the configuration names it. */
  readonly id: string;
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  readonly price?: Price;
  /** An announced price, and the day it begins: YYYY-MM-DD, UTC. */
  readonly laterPrice?: { readonly from: string; readonly price: Price };
  /** The day on which the vendor shuts the model down, where one is announced. */
  readonly endsOn?: string;
  /** All it can do of what is asked about; absent where nobody looked, and that is held against no model. */
  readonly abilities?: readonly Ability[];
  /** How far a built-in price was checked; absent for rows of the configuration. */
  readonly check?: PriceCheck;
}

export interface PriceCheck {
  /** The day of what was read. Vendors change prices; `models:` overrides. */
  readonly asOf: string;
  readonly from: "vendor" | "third_party" | "nobody";
}
