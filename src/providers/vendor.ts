// The shell that every vendor's provider stands in: its phases are timed, its errors explained, and whatever its code
// does, the stream ends with exactly one `end` or `error`.

import type { CallSite } from "./faults.ts";
import type { ModelRequest, Part, PhaseTimeouts, Provider, ProviderFailure } from "./provider.ts";
import { type CallClock, guarded, phaseTimeouts } from "./timeouts.ts";

interface Settings {
  readonly id: string;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
}

export interface Vendor {
  readonly call: (site: CallSite, request: ModelRequest, clock: CallClock) => AsyncIterable<Part>;
  /** What an error means that `call` threw; `secret` must not be in the message. */
  readonly explain: (error: unknown, site: CallSite, secret: string | undefined) => ProviderFailure;
}

export function createVendor({ id, apiKey, timeoutMs, timeouts: set }: Settings, vendor: Vendor): Provider {
  const timeouts = phaseTimeouts(timeoutMs, set);
  return {
    id,
    stream: (request, signal) => {
      const site = { provider: id, model: request.model };
      const run = (clock: CallClock): AsyncIterable<Part> => vendor.call(site, request, clock);
      const explain = (error: unknown): ProviderFailure => vendor.explain(error, site, apiKey);
      return guarded({ site, timeouts, signal, run, explain });
    },
  };
}
