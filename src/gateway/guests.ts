// The responses under way to holders of API keys, so that a revoked key loses its open streams at once.

import type { ServerResponse } from "node:http";

export interface Guests {
  note(keyId: string, response: ServerResponse): void;
  /** Breaks off everything that is still being sent to this key. */
  readonly dismiss: (keyId: string) => void;
}

export function createGuests(): Guests {
  const open = new Map<string, Set<ServerResponse>>();
  return {
    note: (keyId, response) => {
      const responses = open.get(keyId) ?? new Set();
      open.set(keyId, responses.add(response));
      response.once("close", () => {
        responses.delete(response);
        if (responses.size === 0 && open.get(keyId) === responses) open.delete(keyId);
      });
    },
    dismiss: (keyId) => {
      for (const response of open.get(keyId) ?? []) response.destroy();
    },
  };
}
