// Outbound HTTP on behalf of a tool: the only place that opens a connection for one. Every hop is judged by its text and
// by its addresses, one connection carries one request, and what comes back is counted while it comes.

import { Buffer } from "node:buffer";
import { type Code, messageOf } from "../domain/error.ts";
import { type Body, decodersOf, readBody, type Shortfall } from "./egress-body.ts";
import { EgressRefusal, machineNetwork, type NetworkPorts, openConnection } from "./egress-connect.ts";
import { type JudgedUrl, judgeUrl, parseUrl, type Reach } from "./url-rules.ts";

export interface EgressRequest {
  readonly url: string;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers?: Headers;
  readonly body?: string;
  /** What the policy opens; or `operator`: the address stands in config.yaml, so it is not judged, nor left by redirect. */
  readonly reach: Reach | "operator";
  readonly limits?: Partial<EgressLimits>;
}

export interface EgressLimits {
  /** From the first look-up to the last byte of the answer. */
  readonly totalMs: number;
  /** Of the body, decompressed. */
  readonly bodyBytes: number;
}

export type Headers = Readonly<Record<string, string>>;

/**
 * `refused`: the guard stopped it; the other side got no request but harmless ones that redirected here. `unsent`: nobody
 * took the connection. `unknown`: the request was on its way, and no answer came.
 */
export type Fetched =
  | {
      readonly type: "answered";
      readonly status: number;
      readonly headers: Headers;
      /** Where the answer is from, after redirects. */
      readonly url: string;
      readonly body: Uint8Array;
      /** Why `body` is not all of it; null when it is. */
      readonly shortfall: Shortfall | null;
    }
  | { readonly type: "refused"; readonly code: Code; readonly why: string }
  | { readonly type: "unsent"; readonly why: string }
  | { readonly type: "unknown"; readonly code: Code | null; readonly why: string };

export interface Egress {
  fetch(request: EgressRequest, signal: AbortSignal): Promise<Fetched>;
}

export interface EgressPorts {
  readonly network?: NetworkPorts;
  /** The port of this daemon's own gateway, once it listens. */
  readonly ownPort: () => number | undefined;
}

export const EGRESS_LIMITS: EgressLimits = { totalMs: 15_000, bodyBytes: 2_097_152 };
const HEADER_BYTES = 32_768;
const HOPS_MAX = 5;
const USER_AGENT = "GoClaw/1.0 (autonomous agent)";
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** What goes along when a redirect leaves the origin: nothing that could be a credential. */
const ORDINARY_HEADERS: readonly string[] = ["accept", "accept-language"];

export function createEgress({ network = machineNetwork, ownPort }: EgressPorts): Egress {
  return {
    fetch: async (request, signal) => {
      const limits = { ...EGRESS_LIMITS, ...request.limits };
      const deadline = AbortSignal.timeout(limits.totalMs);
      const both = AbortSignal.any([signal, deadline]);
      const fetched = await followHops(request, limits.bodyBytes, network, ownPort, both);
      const late = `${hostOf(request.url)} took longer than ${limits.totalMs / 1000} s`;
      return deadline.aborted && !signal.aborted ? nameLateness(fetched, late) : fetched;
    },
  };
}

async function followHops(
  request: EgressRequest,
  bodyBytes: number,
  network: NetworkPorts,
  ownPort: EgressPorts["ownPort"],
  signal: AbortSignal,
): Promise<Fetched> {
  const { reach, method = "GET" } = request;
  let url = request.url;
  let headers = request.headers ?? {};
  let cameFrom: URL | undefined;
  for (let hop = 0; ; hop++) {
    const judged = judgeHop(url, reach, ownPort(), cameFrom);
    if (!judged.ok) return refusedAt(judged, cameFrom);
    const sent = await sendOnce(judged, { ...request, method, headers }, network, signal);
    if (sent.type !== "open") return sent.type === "refused" ? refusedAt(sent, cameFrom) : sent;
    const next = mayFollow(request) && REDIRECTS.includes(sent.status) ? sent.headers.location : undefined;
    if (next === undefined) {
      const { status, headers } = sent;
      const read = await readBody(sent.body, decodersOf(headers["content-encoding"]), bodyBytes).finally(
        sent.close,
      );
      return { type: "answered", status, headers, url: judged.url.href, ...read };
    }
    sent.close();
    if (hop === HOPS_MAX) {
      return { type: "refused", code: "URL_REDIRECT_DENIED", why: `more than ${HOPS_MAX} redirects` };
    }
    cameFrom = judged.url;
    url = resolveAgainst(next, cameFrom);
    if (originOf(url) !== cameFrom.origin) headers = ordinary(headers);
  }
}

/** A request that could change something is sent to one address only; the caller sees the redirect. */
function mayFollow({ method = "GET", reach }: EgressRequest): boolean {
  return reach !== "operator" && (method === "GET" || method === "HEAD");
}

function judgeHop(
  text: string,
  reach: Reach | "operator",
  ownPort: number | undefined,
  cameFrom: URL | undefined,
): JudgedUrl {
  const judged = reach === "operator" ? parseUrl(text) : judgeUrl(text, reach);
  if (!judged.ok || reach === "operator") return judged;
  if (judged.isLoopback && judged.port === ownPort) {
    return { ok: false, code: "URL_PORT", why: `port ${ownPort} is this daemon's own; no tool may reach it` };
  }
  if (cameFrom?.protocol === "https:" && judged.url.protocol !== "https:") {
    return { ok: false, code: "URL_REDIRECT_DENIED", why: "the redirect leaves https" };
  }
  return judged;
}

function refusedAt(refusal: { code: Code; why: string }, cameFrom: URL | undefined): Fetched {
  const { code, why } = refusal;
  if (cameFrom === undefined) return { type: "refused", code, why };
  const detail = code === "URL_REDIRECT_DENIED" ? why : `${code}: ${why}`;
  return { type: "refused", code: "URL_REDIRECT_DENIED", why: `${cameFrom.host} redirected: ${detail}` };
}

interface OpenAnswer {
  readonly type: "open";
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly close: () => void;
}

/** One request on one connection. Everything up to the connection is `refused` or `unsent`; from then on `unknown`. */
async function sendOnce(
  { url, host, port, isLoopback }: Extract<JudgedUrl, { ok: true }>,
  { method = "GET", headers = {}, body, reach }: EgressRequest,
  network: NetworkPorts,
  signal: AbortSignal,
): Promise<OpenAnswer | Exclude<Fetched, { type: "answered" }>> {
  // Loaded at the first use: a start needs neither TLS nor an HTTP client.
  const { Client } = await import("undici");
  const target = {
    host,
    port,
    secure: url.protocol === "https:",
    mustBePublic: reach !== "operator" && !isLoopback,
  };
  let socket: Awaited<ReturnType<typeof openConnection>>;
  try {
    socket = await openConnection(target, network, signal);
  } catch (error) {
    if (error instanceof EgressRefusal) return { type: "refused", code: error.code, why: error.message };
    return { type: "unsent", why: `${host}: ${messageOf(error)}` };
  }
  let taken = false;
  const client = new Client(url.origin, {
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
  const close = (): void => {
    socket.destroy();
    void client.destroy();
  };
  try {
    const path = url.pathname + url.search;
    const all = { "accept-encoding": "gzip, deflate, br", ...headers, "user-agent": USER_AGENT };
    const answer = await client.request({ path, method, headers: all, body: body ?? null, signal });
    answer.body.on("error", () => {}); // said where it is read
    return {
      type: "open",
      status: answer.statusCode,
      headers: flatten(answer.headers),
      body: answer.body,
      close,
    };
  } catch (error) {
    close();
    const { code } = error as { code?: unknown };
    if (code === "UND_ERR_INVALID_ARG") return { type: "unsent", why: messageOf(error) };
    const tooLarge = code === "UND_ERR_HEADERS_OVERFLOW";
    return { type: "unknown", code: tooLarge ? "LIMIT_SIZE" : null, why: `${host}: ${messageOf(error)}` };
  }
}

/** A deadline that passed is the reason for whatever else was seen. */
function nameLateness(fetched: Fetched, why: string): Fetched {
  switch (fetched.type) {
    case "unsent":
      return { type: "refused", code: "LIMIT_TIME", why };
    case "unknown":
      return { ...fetched, code: "LIMIT_TIME", why };
    case "answered":
      return fetched.shortfall === null ? fetched : { ...fetched, shortfall: { code: "LIMIT_TIME", why } };
    case "refused":
      return fetched;
  }
}

function flatten(headers: NodeJS.Dict<string | string[]>): Headers {
  const entries = Object.entries(headers).map(([name, value = ""]) => [name, String(value)]);
  return Object.fromEntries(entries) as Headers;
}

function ordinary(headers: Headers): Headers {
  const kept = Object.entries(headers).filter(([name]) => ORDINARY_HEADERS.includes(name.toLowerCase()));
  return Object.fromEntries(kept);
}

/** A target that cannot be resolved is left as it is, to be judged and refused as it stands. */
function resolveAgainst(location: string, from: URL): string {
  // The header is bytes; a server that sends UTF-8 means UTF-8.
  const text = Buffer.from(location, "latin1").toString("utf8");
  return /^[a-z][a-z0-9+.-]*:/i.test(text) || !URL.canParse(text, from.href)
    ? text
    : new URL(text, from).href;
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "the server";
}
