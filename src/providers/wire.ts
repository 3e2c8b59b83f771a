// The fetch that every vendor's SDK is given. It reports each phase to the call's clock, bounds what is read, refuses
// answers that are not of the vendor's API, and turns a refused request into its class before the SDK sees it.

import { messageOf } from "../domain/error.ts";
import { type CallSite, classOfStatus, fault, quoted } from "./faults.ts";
import { PATIENT } from "./patience.ts";
import type { ErrorClass, ProviderFailure } from "./provider.ts";
import { retryAfterMs } from "./retry-after.ts";
import { PROXY_HUNG_UP, watched } from "./socket-watch.ts";
import { type CallClock, overrun } from "./timeouts.ts";
import { guardBody, readStart } from "./wire-body.ts";

/** A request the vendor refused; `body` is undefined when it is not JSON. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

/** What the vendor's own error codes say; what is left out follows from the status, the body and Retry-After. */
export interface Verdict {
  readonly errorClass?: ErrorClass;
  readonly message?: string;
  readonly afterMs?: number;
}

export interface Wire {
  readonly site: CallSite;
  readonly clock: CallClock;
  /** Kept out of messages. */
  readonly secret: string | undefined;
  /** Media types a good answer may have. */
  readonly accepts: readonly string[];
  readonly judge: (refusal: Refusal) => Verdict;
}

/** The failure is with the clock already; this only takes the SDK down. */
class WireFailed extends Error {}

export function wireFetch(wire: Wire): typeof fetch {
  // The SDKs' own signals are left out on purpose: every way to end a call goes through the clock.
  const send = fetch;
  return async (input, init) => {
    const { clock } = wire;
    clock.enter("first_byte");
    try {
      const watcher = { onQueued: () => clock.enter("connect"), onSent: () => clock.enter("first_byte") };
      const request = { ...init, signal: clock.signal, redirect: "manual", dispatcher: PATIENT } as const;
      const response = await watched(watcher, () => send(input, request));
      if (!response.ok) throw await refused(response, wire);
      return accepted(response, wire);
    } catch (error) {
      if (!(error instanceof WireFailed)) clock.fail(brokenOff(error, wire.site));
      throw error;
    }
  };
}

function accepted(response: Response, wire: Wire): Response {
  const { body, status, headers } = response;
  const type = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (body === null) throw failed(wire, fault(wire.site, "malformed", `answered ${status} without a body`));
  if (!wire.accepts.includes(type)) {
    const wanted = wire.accepts.join(" or ");
    const what = `answered ${type || "no content type"} instead of ${wanted}`;
    throw failed(wire, fault(wire.site, "malformed", what));
  }
  const guardedBody = guardBody(body, wire.clock, {
    malformed: (what) => failed(wire, fault(wire.site, "malformed", what)),
    broken: (error) => failed(wire, brokenOff(error, wire.site)),
  });
  return new Response(guardedBody, { status, headers });
}

function failed({ clock }: Wire, reason: ProviderFailure): WireFailed {
  clock.fail(reason);
  return new WireFailed(reason.message);
}

async function refused(response: Response, wire: Wire): Promise<WireFailed> {
  const { status, headers } = response;
  const { site, secret } = wire;
  if (status >= 300 && status < 400) {
    const what = `answered ${status}, a redirect, which is not followed because it would carry the key along`;
    return failed(wire, fault(site, "malformed", what));
  }
  const text = response.body === null ? "" : await readStart(response.body);
  const refusal: Refusal = { status, text, body: parsed(text) };
  const verdict = wire.judge(refusal);
  const errorClass = verdict.errorClass ?? classOfStatus(status);
  const said = quoted(verdict.message ?? plainText(text), secret);
  const what = said === "" ? `answered ${status}` : `answered ${status}: ${said}`;
  return failed(wire, fault(site, errorClass, what, retryAfterMs(headers) || (verdict.afterMs ?? 0)));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of a page of HTML only its words. */
function plainText(text: string): string {
  return /^\s*<(!doctype|html|head|body)/i.test(text) ? text.replace(/<[^>]*>/g, " ") : text;
}

const PROXY_ADVICE = "HTTP_PROXY and HTTPS_PROXY name it, and NO_PROXY the hosts that are asked without it";
const PROXY_REFUSAL = /^UND_ERR_ABORTED Proxy response \((\d+)\)/;

/** Codes of the socket library that are no matter of the network. */
const CODE_MEANING: Readonly<Record<string, (site: CallSite) => ProviderFailure>> = {
  UND_ERR_CONNECT_TIMEOUT: (site) => overrun(site, "connect"),
  UND_ERR_HEADERS_TIMEOUT: (site) => overrun(site, "first_byte"),
  UND_ERR_BODY_TIMEOUT: (site) => overrun(site, "idle"),
  Z_DATA_ERROR: (site) => fault(site, "malformed", "sent a compressed answer that does not unpack"),
  Z_BUF_ERROR: (site) => fault(site, "malformed", "sent a compressed answer that breaks off"),
  [PROXY_HUNG_UP]: (site) => fault(site, "network", `cannot be reached: the proxy hung up; ${PROXY_ADVICE}`),
  ERR_INVALID_URL: (site) => fault(site, "network", "has an address that is no URL"),
};

function brokenOff(error: unknown, site: CallSite): ProviderFailure {
  const { code, name, text } = rootCause(error);
  const meaning = code === undefined ? undefined : CODE_MEANING[code];
  if (meaning !== undefined) return meaning(site);
  if (name === "HTTPParserError") return fault(site, "malformed", `does not speak HTTP: ${text}`);
  const refusal = PROXY_REFUSAL.exec(text)?.[1];
  if (refusal !== undefined) {
    const what = `cannot be reached: the proxy answered ${refusal}; ${PROXY_ADVICE}`;
    return fault(site, "network", what);
  }
  return fault(site, "network", `cannot be reached or broke off: ${text}`);
}

interface Cause {
  readonly code: string | undefined;
  readonly name: string | undefined;
  readonly text: string;
}

/** fetch wraps what happened in a TypeError, sometimes twice. */
function rootCause(error: unknown): Cause {
  let current = error;
  while (current instanceof Error) {
    // A name with several addresses fails with one error for each.
    const deeper: unknown = current instanceof AggregateError ? current.errors[0] : current.cause;
    if (deeper === undefined) break;
    current = deeper;
  }
  const { code, name } = current as Partial<Cause>;
  return { code, name, text: code === undefined ? messageOf(current) : `${code} ${messageOf(current)}` };
}
