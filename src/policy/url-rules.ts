// Judges a URL by its text alone: form, scheme, literal address, domain, port. Pure, so the policy engine asks it before
// an act and the egress guard again at every hop. What it hands back is what is connected to: parsed once, by WHATWG.

import { isIP } from "node:net";
import type { Code } from "../domain/error.ts";
import { kindOf } from "./address.ts";
import { matchDomain } from "./domain-rules.ts";

/** What a policy opens of the network: host names, `*.name` for those below, each with an optional `:port`; or `*`. */
export interface Reach {
  readonly domains: readonly string[];
  /** Hosts that a rule speaks against, whatever `domains` opens. */
  readonly barredDomains?: readonly string[];
  /** Opens 127.0.0.0/8, ::1 and `localhost`, where `domains` also names them, and nothing else. */
  readonly allowLoopback: boolean;
}

export type JudgedUrl =
  | {
      readonly ok: true;
      readonly url: URL;
      /** Lower case, punycode, no trailing dot; an IPv6 address without its brackets. */
      readonly host: string;
      readonly port: number;
      readonly isAddress: boolean;
      /** 127.0.0.0/8, ::1 or a name below `localhost`. */
      readonly isLoopback: boolean;
    }
  | UrlRefusal;

export interface UrlRefusal {
  readonly ok: false;
  readonly code: Code;
  readonly why: string;
}

const LEAST_USER_PORT = 1024;

/** Ports of data stores and of Docker: on loopback they serve anybody who asks, so their number must be written out. */
const STORE_PORTS: readonly number[] = [2375, 2376, 3306, 5432, 6379, 9200, 11_211, 27_017];

/** Top-level names that never belong to a public host. */
const INNER_NAMES = ["local", "localhost", "internal", "intranet", "lan", "home", "corp", "private"];

const URL_CHARS_MAX = 8_192;

export function judgeUrl(text: string, { domains, barredDomains = [], allowLoopback }: Reach): JudgedUrl {
  const judged = judgePlace(text, allowLoopback);
  if (!judged.ok) return judged;
  const { host, port, isLoopback } = judged;
  if (matchDomain(host, barredDomains) !== undefined)
    return refuse("URL_DOMAIN", `a rule of the policy speaks against ${host}`);
  const ports = matchDomain(host, domains);
  if (ports === undefined) {
    return refuse("URL_DOMAIN", `${host} is not in allow_domains; the operator can add it to policy.yaml`);
  }
  if (ports.includes(port) || (ports.includes("usual") && isUsualPort(port, isLoopback))) return judged;
  return refuse("URL_PORT", `port ${port} of ${host} is not open; the operator can allow ${host}:${port}`);
}

/** What no list of domains can open: a form that could be read in two ways, another scheme, an inner address. */
export function judgePlace(text: string, allowLoopback: boolean): JudgedUrl {
  const parsed = parseUrl(text);
  if (!parsed.ok) return parsed;
  const { host, isAddress, isLoopback } = parsed;
  const isOpen = isLoopback ? allowLoopback : isPublicHost(host, isAddress);
  return isOpen ? parsed : refuse("URL_PRIVATE_ADDR", privateText(host, isLoopback));
}

/** For a destination that the operator wrote into config.yaml: any address and port, but the form must be right. */
export function parseUrl(text: string): JudgedUrl {
  const raw = text.trim();
  if (raw.length > URL_CHARS_MAX)
    return refuse("URL_FORM", `the URL is longer than ${URL_CHARS_MAX} characters`);
  const scheme = /^https?:\/\//i.exec(raw);
  if (scheme === null) return refuse("URL_SCHEME", "only http:// and https:// URLs can be fetched");
  const rest = raw.slice(scheme[0].length);
  const [authority = ""] = rest.split(/[/?#]/, 1);
  if (authority === "") return refuse("URL_FORM", "the URL has no host after //");
  // Another reader of the same text might see another host in any of these.
  if (/[\p{Cc}\s\\]/u.test(raw)) {
    return refuse("URL_FORM", "the URL has a backslash, a space or a control character; write them as %XX");
  }
  if (rest.split("/", 1)[0]?.includes("@")) {
    return refuse("URL_FORM", "the URL has a user name, or an @ before its first slash; write host/path");
  }
  if (/[\u3002\uff0e\uff61]/.test(authority)) {
    return refuse("URL_DOMAIN", "the host is written with dots that are not dots; write it with plain ones");
  }
  // A zone only exists for link-local addresses, and no URL parser takes one.
  if (/^\[[^\]]*%/.test(authority)) return refuse("URL_PRIVATE_ADDR", "an address with a zone is not public");
  if (authority.includes("%")) return refuse("URL_FORM", "the host is percent-encoded; write it plainly");
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  if (url === undefined) return refuse("URL_FORM", "this is not a URL; write it in full: https://host/path");
  const bare = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const host = bare.endsWith(".") ? bare.slice(0, -1) : bare;
  if (host === "" || url.username !== "" || url.password !== "")
    return refuse("URL_FORM", "the URL has no plain host");
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const isAddress = isIP(host) !== 0;
  return { ok: true, url, host, port, isAddress, isLoopback: leadsHere(host, isAddress) };
}

function leadsHere(host: string, isAddress: boolean): boolean {
  return isAddress ? kindOf(host) === "loopback" : host === "localhost" || host.endsWith(".localhost");
}

function isPublicHost(host: string, isAddress: boolean): boolean {
  if (isAddress) return kindOf(host) === "public";
  const top = host.slice(host.lastIndexOf(".") + 1);
  return top !== host && !INNER_NAMES.includes(top) && !host.endsWith(".home.arpa");
}

function isUsualPort(port: number, loopback: boolean): boolean {
  if (port === 80 || port === 443) return true;
  return loopback && port >= LEAST_USER_PORT && !STORE_PORTS.includes(port);
}

function privateText(host: string, loopback: boolean): string {
  return loopback
    ? `${host} is this machine, which the policy does not open (allow_loopback)`
    : `${host} is not an address or name of the public internet`;
}

function refuse(code: Code, why: string): UrlRefusal {
  return { ok: false, code, why };
}
