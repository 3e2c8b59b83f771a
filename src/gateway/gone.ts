// The moment a client is gone. It may be gone before anybody listens: between its request and here something was waited
// for.

import type { ServerResponse } from "node:http";

export function whenGone(response: ServerResponse, act: () => void): void {
  if (response.closed) act();
  else response.once("close", act);
}
