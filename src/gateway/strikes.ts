// Wrong credentials: an address that sends one after the other is told to wait. A right one is never counted and never
// refused, so whoever guesses beside its owner does not lock the owner out.

const WINDOW_MS = 10_000;
const STRIKES_MAX = 50;
const ADDRESSES_MAX = 1_000;

/** Notes a wrong credential; returns the seconds to wait when it was one too many. */
export type Strike = (address: string) => number | undefined;

export function createStrikes(nowMs: () => number): Strike {
  const struck = new Map<string, { from: number; count: number }>();
  return (address) => {
    const name = sameAddress(address);
    const now = nowMs();
    let window = struck.get(name);
    if (window === undefined || now < window.from || now - window.from >= WINDOW_MS) {
      struck.delete(name);
      if (struck.size >= ADDRESSES_MAX) struck.delete(struck.keys().next().value ?? "");
      window = { from: now, count: 0 };
      struck.set(name, window);
    }
    window.count++;
    if (window.count <= STRIKES_MAX) return undefined;
    return Math.max(1, Math.ceil((window.from + WINDOW_MS - now) / 1_000));
  };
}

/** This machine is one place, by whichever of its addresses it calls. */
function sameAddress(address: string): string {
  const plain = address.replace(/^::ffff:/, "");
  return plain === "::1" || plain.startsWith("127.") ? "loopback" : plain;
}
