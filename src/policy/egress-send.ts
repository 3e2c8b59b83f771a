// One request on one connection, never repeated: whatever goes wrong once the connection stands, the other side may have
// heard of it.

import type { Socket } from "node:net";
import { Client } from "undici";
import { messageOf } from "../domain/error.ts";
import type { Body } from "./egress-body.ts";
import { EgressRefusal, openConnection } from "./egress-connect.ts";
import type { EgressRequest, Fetched, Headers, NetworkPorts } from "./egress-request.ts";
import type { JudgedUrl } from "./url-rules.ts";

const HEADER_BYTES = 32_768;
const USER_AGENT = "GoClaw/1.0 (autonomous agent)";

export interface OpenAnswer {
  readonly type: "open";
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly close: () => void;
}

/** Everything up to the connection is `refused` or `unsent`; from then on `unknown`. */
export async function sendOnce(
  { url, host, port, isLoopback }: Extract<JudgedUrl, { ok: true }>,
  { method = "GET", headers = {}, body, reach }: EgressRequest,
  network: NetworkPorts,
  signal: AbortSignal,
): Promise<OpenAnswer | Exclude<Fetched, { type: "answered" }>> {
  const target = {
    host,
    port,
    secure: url.protocol === "https:",
    mustBePublic: reach !== "operator" && !isLoopback,
  };
  let socket: Socket;
  try {
    socket = await openConnection(target, network, signal);
  } catch (error) {
    if (error instanceof EgressRefusal) return { type: "refused", code: error.code, why: error.message };
    return { type: "unsent", why: `${host}: ${messageOf(error)}` };
  }
  const client = clientOn(socket, url.origin);
  const close = (): void => {
    socket.destroy();
    void client.destroy();
  };
  try {
    const path = url.pathname + url.search;
    const all = { "accept-encoding": "gzip, deflate, br", ...headers, "user-agent": USER_AGENT };
    const answer = await client.request({ path, method, headers: all, body: body ?? null, signal });
    answer.body.on("error", () => {}); // said where it is read
    const { statusCode: status } = answer;
    return { type: "open", status, headers: flatten(answer.headers), body: answer.body, close };
  } catch (error) {
    close();
    const { code } = error as { code?: unknown };
    if (code === "UND_ERR_INVALID_ARG") return { type: "unsent", why: messageOf(error) };
    const tooLarge = code === "UND_ERR_HEADERS_OVERFLOW";
    return { type: "unknown", code: tooLarge ? "LIMIT_SIZE" : null, why: `${host}: ${messageOf(error)}` };
  }
}

/** A client that has this connection and can get no other. The caller's deadline is the only one. */
function clientOn(socket: Socket, origin: string): Client {
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

function flatten(headers: NodeJS.Dict<string | string[]>): Headers {
  const entries = Object.entries(headers).map(([name, value = ""]) => [name, String(value)]);
  return Object.fromEntries(entries) as Headers;
}
