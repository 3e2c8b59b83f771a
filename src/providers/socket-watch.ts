// Tells when a request of fetch has its connection, which fetch itself does not say: Node's HTTP client publishes it on
// its diagnostics channels. Where it does not, `onSent` is never called and nobody waits for it. A tunnel through a proxy
// of the environment belongs to the connecting.

import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";

export interface SocketWatcher {
  /** The request is queued and waits for a connection. */
  readonly onQueued: () => void;
  /** A connection is there and the request goes out on it. */
  readonly onSent: () => void;
}

const current = new AsyncLocalStorage<SocketWatcher>();
const watchers = new WeakMap<object, SocketWatcher>();
let subscribed = false;

/** The code of an error when a proxy hung up instead of opening a tunnel. */
export const PROXY_HUNG_UP = "ERR_PROXY_HUNG_UP";

/** Runs `send`; the request it makes reports to `watcher`. */
export function watched<T>(watcher: SocketWatcher, send: () => T): T {
  if (!subscribed) {
    subscribed = true;
    subscribe("undici:request:create", (message) => {
      const request = requestOf(message);
      const owner = current.getStore();
      if (request === undefined || owner === undefined || request.method === "CONNECT") return;
      watchers.set(request, owner);
      owner.onQueued();
    });
    subscribe("undici:client:sendHeaders", (message) => {
      const request = requestOf(message);
      if (request !== undefined) watchers.get(request)?.onSent();
    });
    // A proxy that hangs up is asked again without a pause and without an end, also when nobody waits any more: that is
    // what this code means to Node's HTTP client, and it looks at it after it has published the error.
    subscribe("undici:client:connectError", (message) => {
      const { error } = message as { error?: { code?: unknown } };
      if (error?.code === "UND_ERR_SOCKET") error.code = PROXY_HUNG_UP;
    });
  }
  return current.run(watcher, send);
}

function requestOf(message: unknown): { readonly method?: unknown } | undefined {
  const request = (message as { request?: unknown }).request;
  return typeof request === "object" && request !== null ? request : undefined;
}
