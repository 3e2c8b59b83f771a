// How many requests an API key makes: never more than its rpm in any sixty seconds. Kept in memory, so a restart starts
// anew.

const WINDOW_MS = 60_000;

interface Limited {
  readonly id: string;
  readonly rpm: number | null;
}

export interface RateLimit {
  /** Takes one request of a key in; returns the seconds to wait when it is one too many. */
  take(key: Limited): number | undefined;
  /** How many more would be taken in now; null without a limit. */
  left(key: Limited): number | null;
}

export function createRateLimit(monoMs: () => number): RateLimit {
  const taken = new Map<string, number[]>();
  const recentOf = (id: string, now: number): number[] => {
    const recent = taken.get(id) ?? [];
    taken.set(id, recent);
    const live = recent.findIndex((at) => at > now - WINDOW_MS);
    recent.splice(0, live < 0 ? recent.length : live);
    return recent;
  };
  const take = ({ id, rpm }: Limited): number | undefined => {
    if (rpm === null) return undefined;
    const now = monoMs();
    const recent = recentOf(id, now);
    if (recent.length >= rpm) return Math.max(1, Math.ceil(((recent[0] ?? now) + WINDOW_MS - now) / 1_000));
    recent.push(now);
    return undefined;
  };
  return {
    take,
    left: ({ id, rpm }) => (rpm === null ? null : Math.max(0, rpm - recentOf(id, monoMs()).length)),
  };
}
