// The shell that every vendor's provider stands in: its phases are timed, its errors explained, and whatever its code
// does, the stream ends with exactly one `end` or `error`.

import type { CallSite } from "./faults.ts";
import { lackOf, type Need } from "./needs.ts";
import {
  failure,
  type Lack,
  type ModelRequest,
  type Part,
  type PhaseTimeouts,
  type Provider,
  type ProviderFailure,
} from "./provider.ts";
import { type CallClock, guarded, phaseTimeouts } from "./timeouts.ts";

interface Settings {
  readonly id: string;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
}

export interface Vendor {
  /** What of a client's own request it can be asked for. */
  readonly honours: ReadonlySet<Need>;
  readonly call: (site: CallSite, request: ModelRequest, clock: CallClock) => AsyncIterable<Part>;
  /** The request's tokens, where the vendor counts them for nothing. */
  readonly count?: (site: CallSite, request: ModelRequest, clock: CallClock) => Promise<number>;
  /** What an error means that `call` threw; `secret` must not be in the message. */
  readonly explain: (error: unknown, site: CallSite, secret: string | undefined) => ProviderFailure;
}

/** A count is worth a moment; then the estimate has to do. */
const COUNT_MS = 5_000;

export function createVendor({ id, apiKey, timeoutMs, timeouts: set }: Settings, vendor: Vendor): Provider {
  const timeouts = phaseTimeouts(timeoutMs, set);
  const { count } = vendor;
  const lack = (request: ModelRequest): Lack | undefined => lackOf(id, vendor.honours, request);
  return {
    id,
    lackOf: lack,
    ...(count && {
      count: async (request, signal) => {
        const site = { provider: id, model: request.model };
        const limits = phaseTimeouts(Math.min(COUNT_MS, timeoutMs));
        const run = (clock: CallClock): AsyncIterable<Part> => counted(count(site, request, clock));
        const explain = (error: unknown): ProviderFailure => vendor.explain(error, site, apiKey);
        for await (const part of guarded({ site, timeouts: limits, signal, run, explain }))
          if (part.type === "usage" && part.usage.inputTokens > 0) return part.usage.inputTokens;
        return undefined;
      },
    }),
    stream: (request, signal) => {
      const lacking = lack(request);
      if (lacking !== undefined) return only(failure("unsupported", lacking.message));
      const site = { provider: id, model: request.model };
      const run = (clock: CallClock): AsyncIterable<Part> => {
        const parts = vendor.call(site, request, clock);
        return request.wish === undefined ? parts : answered(parts);
      };
      const explain = (error: unknown): ProviderFailure => vendor.explain(error, site, apiKey);
      return guarded({ site, timeouts, signal, run, explain });
    },
  };
}

async function* counted(tokens: Promise<number>): AsyncGenerator<Part> {
  yield { type: "usage", usage: { inputTokens: await tokens, outputTokens: 0, cachedTokens: 0 } };
  yield { type: "end", stopReason: "stop", model: "" };
}

/** For a client's own request an answer that is a refusal is an answer. */
async function* answered(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
  for await (const part of parts) {
    const refusal = part.type === "error" ? part.refusal : undefined;
    if (refusal === undefined) {
      yield part;
      continue;
    }
    if (refusal.text !== "") yield { type: "refusal", text: refusal.text };
    yield { type: "end", stopReason: refusal.filtered ? "content_filter" : "stop", model: "" };
    return;
  }
}

async function* only(part: Part): AsyncGenerator<Part> {
  yield part;
}
