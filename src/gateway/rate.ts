// How many requests an API key makes: never more than its rpm in any sixty seconds. Kept in memory, so a restart starts
// anew.

const WINDOW_MS = 60_000;

/** Takes one request of a key in; returns the seconds to wait when it is one too many. */
export type TakeRequest = (key: { readonly id: string; readonly rpm: number | null }) => number | undefined;

export function createRateLimit(nowMs: () => number): TakeRequest {
  const taken = new Map<string, number[]>();
  return ({ id, rpm }) => {
    if (rpm === null) return undefined;
    const now = nowMs();
    const recent = taken.get(id) ?? [];
    taken.set(id, recent);
    // A time in the future was taken before the clock was set back.
    if ((recent.at(-1) ?? now) > now) recent.length = 0;
    const live = recent.findIndex((at) => at > now - WINDOW_MS);
    recent.splice(0, live < 0 ? recent.length : live);
    if (recent.length >= rpm) return Math.max(1, Math.ceil(((recent[0] ?? now) + WINDOW_MS - now) / 1_000));
    recent.push(now);
    return undefined;
  };
}
