// A provider that may be asked only so often a day. When that is used up it fails as `daily_limit` without being asked,
// so a chain goes on with its next link and says why.

import { failure, type Provider } from "./provider.ts";

export interface Taken {
  readonly ok: boolean;
  readonly used: number;
  /** How long until there are requests again, in ms. */
  readonly resetsInMs: number;
}

/** `take` counts one request, durably, before it is made; it says no when the limit is reached. */
export function limitDaily(provider: Provider, limit: number, take: () => Promise<Taken>): Provider {
  return {
    ...provider,
    stream: async function* (request, signal) {
      // Nothing is asked any more, so nothing is counted.
      if (signal.aborted || provider.lackOf?.(request) !== undefined)
        return yield* provider.stream(request, signal);
      const { ok, used, resetsInMs } = await take();
      if (ok) yield* provider.stream(request, signal);
      else yield failure("daily_limit", exhausted(provider.id, used, limit), resetsInMs);
    },
  };
}

function exhausted(id: string, used: number, limit: number): string {
  return `llm.daily_limits.${id} is ${limit}, and ${used} requests are used until 00:00 UTC`;
}
