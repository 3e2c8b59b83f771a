// From the first address of a request to its answer: every redirect is a new request that is judged from the start, and
// only one that changes nothing is sent on at all.

import { Buffer } from "node:buffer";
import type { Code } from "../domain/error.ts";
import { decodersOf, readBody } from "./egress-body.ts";
import { machineNetwork } from "./egress-connect.ts";
import type { EgressRequest, Fetched, Headers, NetworkPorts } from "./egress-request.ts";
import { sendOnce } from "./egress-send.ts";
import { type JudgedUrl, judgeUrl, parseUrl, type Reach } from "./url-rules.ts";

const HOPS_MAX = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** What goes along when a redirect leaves the origin: nothing that could be a credential. */
const ORDINARY_HEADERS: readonly string[] = ["accept", "accept-language"];

interface HopPorts {
  readonly bodyBytes: number;
  readonly network: NetworkPorts | undefined;
  readonly ownPort: number | undefined;
}

export async function followHops(
  request: EgressRequest,
  { bodyBytes, network = machineNetwork, ownPort }: HopPorts,
  signal: AbortSignal,
): Promise<Fetched> {
  const { reach, method = "GET" } = request;
  let url = request.url;
  let headers = request.headers ?? {};
  let cameFrom: URL | undefined;
  for (let hop = 0; ; hop++) {
    const judged = judgeHop(url, reach, ownPort, cameFrom);
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
