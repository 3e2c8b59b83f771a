// Chooses how a request's tokens are counted: by the vendor's own encoding where it is public, by the vendor itself where
// that is free, by estimate otherwise. Nothing is loaded or asked while the estimate leaves no doubt.

import type { ModelRequest, Provider } from "../providers/provider.ts";
import { countMethodOf, ESTIMATE, openCounter, scaled, type TokenCounter } from "../providers/tokens.ts";
import type { Room } from "./window.ts";

/** Every token of an encoding is a byte at least: under this share by the estimate is under three times it for sure. */
const SURELY_FITS = 0.25;
/** Shares of the room between which the estimate, off by a factor of two at worst, may be on the wrong side. */
const DOUBT_FROM = 0.375;
const DOUBT_TO = 2;
/** A count holds until the request has grown by so much: every turn of a task would ask otherwise. */
const STALE_AT = 1.2;

export interface Counting {
  /** `request` has `estimated` tokens by the estimate. */
  counterFor(request: ModelRequest, estimated: number, room: Room): Promise<TokenCounter>;
}

export function createCounting(provider: Provider, signal: AbortSignal): Counting {
  let known: { readonly upTo: number; readonly counter: TokenCounter } | undefined;
  return {
    counterFor: async (request, estimated, { inputTokens }) => {
      const share = estimated / inputTokens;
      if (share <= SURELY_FITS) return ESTIMATE;
      if (countMethodOf(request.model) !== "estimate") return openCounter(request.model);
      if (provider.count === undefined || share <= DOUBT_FROM || share > DOUBT_TO) return ESTIMATE;
      if (known !== undefined && estimated <= known.upTo) return known.counter;
      const counted = await provider.count(request, signal);
      const counter = counted === undefined ? ESTIMATE : scaled(counted / estimated);
      known = { upTo: estimated * STALE_AT, counter };
      return counter;
    },
  };
}
