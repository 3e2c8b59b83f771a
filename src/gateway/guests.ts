// The responses under way, by whose credential they were asked for, so that a credential that is worth nothing any more
// loses its open streams at once.

import type { ServerResponse } from "node:http";

export interface Guests {
  note(principal: string, response: ServerResponse): void;
  /** Breaks off everything that is still being sent to it. */
  readonly dismiss: (principal: string) => void;
}

export function createGuests(): Guests {
  const open = new Map<string, Set<ServerResponse>>();
  return {
    note: (principal, response) => {
      const responses = open.get(principal) ?? new Set();
      open.set(principal, responses.add(response));
      response.once("close", () => {
        responses.delete(response);
        if (responses.size === 0 && open.get(principal) === responses) open.delete(principal);
      });
    },
    dismiss: (principal) => {
      for (const response of open.get(principal) ?? []) response.destroy();
    },
  };
}
