// One request on one connection, never repeated: whatever goes wrong once the connection stands, the other side may have
// heard of it.

import type { Socket } from "node:net";
import type { Client } from "undici";
import { messageOf } from "../domain/error.ts";
import type { Body } from "./egress-body.ts";
import { EgressRefusal, openConnection } from "./egress-connect.ts";
import type { EgressRequest, Fetched, Headers, NetworkPorts } from "./egress-request.ts";
import type { JudgedUrl } from "./url-rules.ts";

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
  const clientOn = await loadClient();
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

const NODES_OWN = Symbol.for("undici.globalDispatcher.1");

/** As it loads, undici takes the place of what Node's fetch uses, and models would be asked past the environment's proxy. */
async function loadClient(): Promise<(socket: Socket, origin: string) => Client> {
  const dispatchers = globalThis as { [NODES_OWN]?: unknown };
  const own = dispatchers[NODES_OWN];
  const { clientOn } = await import("./egress-client.ts");
  dispatchers[NODES_OWN] = own;
  return clientOn;
}

function flatten(headers: NodeJS.Dict<string | string[]>): Headers {
  const entries = Object.entries(headers).map(([name, value = ""]) => [name, String(value)]);
  return Object.fromEntries(entries) as Headers;
}
