// An HTTP client that has one connection and can get no other.

import type { Socket } from "node:net";
import { Client } from "undici";

const HEADER_BYTES = 32_768;

/** The caller's deadline is the only one. */
export function clientOn(socket: Socket, origin: string): Client {
  let taken = false;
  return new Client(origin, {
    // Not at once: the client does not expect a connection to stand before it has asked for one.
    connect: (_options, callback) =>
      queueMicrotask(() => {
        if (taken) return callback(new Error("the connection was lost"), null);
        taken = true;
        callback(null, socket);
      }),
    pipelining: 0,
    maxHeaderSize: HEADER_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}
