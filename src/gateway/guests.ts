// The responses and connections under way, by whose credential they were asked for, so that a credential that is worth
// nothing any more loses its open streams at once.

/** What is being sent to somebody: an HTTP response or a WebSocket. */
export interface Guest {
  once(event: "close", listener: () => void): unknown;
  destroy(): unknown;
}

export interface Guests {
  note(principal: string, guest: Guest): void;
  /** Breaks off everything that is still being sent to it. */
  readonly dismiss: (principal: string) => void;
}

export function createGuests(): Guests {
  const open = new Map<string, Set<Guest>>();
  return {
    note: (principal, guest) => {
      const guests = open.get(principal) ?? new Set();
      open.set(principal, guests.add(guest));
      guest.once("close", () => {
        guests.delete(guest);
        if (guests.size === 0 && open.get(principal) === guests) open.delete(principal);
      });
    },
    dismiss: (principal) => {
      for (const guest of open.get(principal) ?? []) guest.destroy();
    },
  };
}
