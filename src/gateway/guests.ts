// The responses and connections under way to holders of API keys, so that a revoked key loses its open streams at once.

/** What is being sent to somebody: an HTTP response or a WebSocket. */
export interface Guest {
  once(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}

export interface Guests {
  note(keyId: string, guest: Guest): void;
  /** Breaks off everything that is still being sent to this key. */
  readonly dismiss: (keyId: string) => void;
}

export function createGuests(): Guests {
  const open = new Map<string, Set<Guest>>();
  return {
    note: (keyId, guest) => {
      const guests = open.get(keyId) ?? new Set();
      open.set(keyId, guests.add(guest));
      guest.once("close", () => {
        guests.delete(guest);
        if (guests.size === 0 && open.get(keyId) === guests) open.delete(keyId);
      });
    },
    dismiss: (keyId) => {
      for (const guest of open.get(keyId) ?? []) guest.destroy();
    },
  };
}
