// Who may talk to the daemon: a loopback Host, no foreign Origin, the bearer token or an API key; checked in this order
// before any route runs. A credential is never read from a query string and is compared in constant time, and what two
// readers could read differently (a header given twice, a target that is more than a path) is refused.

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { GoclawError } from "../domain/error.ts";
import type { ExaminedKey } from "../domain/key.ts";
import type { Caller } from "../rpc/method.ts";

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

export interface AuthOptions {
  /** The token now; read again at each request, so that a rotation holds at once. */
  readonly readToken: () => string;
  /** Looks an API key up, at each request, so that a revocation holds at once. Undefined: this is no API key. */
  readonly examineKey: (text: string) => ExaminedKey;
  /** Host names besides the loopback ones, from the bind address. */
  readonly hostNames: readonly string[];
  /** Origins whose pages may call, from the configuration. */
  readonly origins: readonly string[];
}

export type Authenticated = Omit<Caller, "traceId">;

/** Paths that answer without a credential. */
const OPEN_PATHS = ["/livez", "/healthz"];

/** Headers that decide; given twice, two programs may believe different ones. */
const SINGLE_HEADERS = ["host", "origin", "authorization", "x-api-key", "content-type", "idempotency-key"];

/** Throws BAD_REQUEST for a request that can be read in two ways. `rawHeaders`: names and values in turn, as sent. */
export function checkUnambiguous(target: string, rawHeaders: readonly string[]): void {
  if (!target.startsWith("/") && target !== "*")
    throw new GoclawError("BAD_REQUEST", "the request line must name a path, not a whole URL");
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (!SINGLE_HEADERS.includes(name)) continue;
    if (seen.has(name)) throw new GoclawError("BAD_REQUEST", `the header ${name} was sent twice`);
    seen.add(name);
  }
}

/** Throws HOST_DENIED, ORIGIN_DENIED, AUTH_MISSING or AUTH_INVALID; returns who it is otherwise. */
export function authenticate(
  options: AuthOptions,
  path: string,
  headers: IncomingHttpHeaders,
): Authenticated {
  checkHost(options, headers.host);
  checkOrigin(options, headers);
  if (OPEN_PATHS.includes(path)) return { principal: "anyone" };
  const { authorization, "x-api-key": apiKey } = headers;
  // Another scheme, or a scheme alone, is no credential of ours.
  const bearer = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (bearer !== undefined) {
    if (sameSecret(bearer, options.readToken())) return { principal: "token" };
    return byKey(options, bearer);
  }
  if (authorization === undefined && typeof apiKey === "string" && apiKey !== "")
    return byKey(options, apiKey);
  throw new GoclawError(
    "AUTH_MISSING",
    "send the header Authorization: Bearer <token>; goclaw token show prints it",
  );
}

function byKey({ examineKey }: AuthOptions, text: string): Authenticated {
  const found = examineKey(text);
  if (typeof found === "object") return { principal: `key:${found.id}`, key: found };
  if (found === "over") {
    throw new GoclawError("AUTH_INVALID", "the API key was revoked or has expired; ask for a new one");
  }
  const message =
    found === "wrong"
      ? "the API key is not valid; goclaw key list shows the keys there are"
      : "the bearer token is not valid; goclaw token show prints the right one";
  throw new GoclawError("AUTH_INVALID", message);
}

function checkHost({ hostNames }: AuthOptions, host: string | undefined): void {
  const name = hostNameOf(host ?? "");
  if (LOOPBACK_NAMES.includes(name) || hostNames.includes(name)) return;
  throw new GoclawError(
    "HOST_DENIED",
    "the Host header must name this machine; use the address the daemon printed",
  );
}

/** Browsers send Origin, or at least where the page is from: pages served from here and from named origins may call. */
function checkOrigin({ origins }: AuthOptions, headers: IncomingHttpHeaders): void {
  const { origin, host, "sec-fetch-site": site } = headers;
  if (origin !== undefined && origins.includes(origin)) return;
  const isForeign = site === "cross-site" || site === "same-site";
  if (!isForeign && (origin === undefined || origin === `http://${host}`)) return;
  throw new GoclawError(
    "ORIGIN_DENIED",
    "requests from other origins are not allowed; gateway.cors.origins names those that are",
  );
}

function hostNameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

/** Compares digests, so that neither length nor position of a difference shows in time. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
