// Who may talk to the daemon: a loopback Host, no foreign Origin, the bearer token; checked in this order before any
// route runs. The token is never read from a query string and is compared in constant time.

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { GoclawError } from "../domain/error.ts";

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

export interface AuthOptions {
  /** The token now; read again at each request, so that a rotation holds at once. */
  readonly readToken: () => string;
  /** Host names besides the loopback ones, from the bind address. */
  readonly hostNames: readonly string[];
}

/** Paths that answer without a credential. */
const OPEN_PATHS = ["/livez", "/healthz"];

/** Throws HOST_DENIED, ORIGIN_DENIED, AUTH_MISSING or AUTH_INVALID; returns the principal otherwise. */
export function authenticate(options: AuthOptions, path: string, headers: IncomingHttpHeaders): string {
  checkHost(options, headers.host);
  checkOrigin(headers.origin, headers.host);
  if (OPEN_PATHS.includes(path)) return "anyone";
  const sent = headers.authorization;
  if (sent === undefined) {
    throw new GoclawError(
      "AUTH_MISSING",
      "send the header Authorization: Bearer <token>; goclaw token show prints it",
    );
  }
  const match = /^Bearer ([\x21-\x7e]+)$/i.exec(sent);
  if (match?.[1] === undefined || !sameSecret(match[1], options.readToken())) {
    throw new GoclawError(
      "AUTH_INVALID",
      "the bearer token is not valid; goclaw token show prints the right one",
    );
  }
  return "token";
}

function checkHost({ hostNames }: AuthOptions, host: string | undefined): void {
  const name = hostNameOf(host ?? "");
  if (LOOPBACK_NAMES.includes(name) || hostNames.includes(name)) return;
  throw new GoclawError(
    "HOST_DENIED",
    "the Host header must name this machine; use the address the daemon printed",
  );
}

/** Browsers send Origin: only pages served from this very address may call. */
function checkOrigin(origin: string | undefined, host: string | undefined): void {
  if (origin === undefined || origin === `http://${host}`) return;
  throw new GoclawError("ORIGIN_DENIED", "requests from other origins are not allowed");
}

function hostNameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

/** Compares digests, so that neither length nor position of a difference shows in time. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
