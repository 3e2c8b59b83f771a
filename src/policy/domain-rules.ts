// Domain patterns of a policy: `example.com` is that host alone, `*.example.com` those below it, `*` any; `:8443` behind
// one opens that port and no other. Compared as the URL parser writes a host: lower case, punycode, no trailing dot.

import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

interface Pattern {
  readonly host: string;
  /** The host itself, everything below it, or every host. */
  readonly covers: "host" | "below" | "any";
  readonly port: number | "usual";
}

/** A policy's list never changes once it is in force, so it is read once. */
const compiled = new WeakMap<readonly string[], readonly Pattern[]>();

/** The ports open on `host`, `usual` standing for 80 and 443; undefined when no pattern names the host. */
export function matchDomain(
  host: string,
  domains: readonly string[],
): readonly (number | "usual")[] | undefined {
  let patterns = compiled.get(domains);
  if (patterns === undefined) {
    patterns = domains.flatMap((text) => parseDomain(text) ?? []);
    compiled.set(domains, patterns);
  }
  const ports = patterns.filter((pattern) => covers(pattern, host)).map(({ port }) => port);
  return ports.length === 0 ? undefined : ports;
}

/** Undefined when the text is no pattern; such a one opens nothing. */
export function parseDomain(text: string): Pattern | undefined {
  const [, name = "", digits] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? "usual" : Number(digits);
  if (name === "" || port === 0 || (port !== "usual" && port > 65_535)) return undefined;
  if (name === "*") return { host: "", covers: "any", port };
  const below = name.startsWith("*.");
  const host = canonical(below ? name.slice(2) : name);
  if (host === "") return undefined;
  return { host, covers: below ? "below" : "host", port };
}

function covers(pattern: Pattern, host: string): boolean {
  if (pattern.covers === "any") return true;
  return pattern.covers === "host" ? host === pattern.host : host.endsWith(`.${pattern.host}`);
}

/** Empty when the name is none. The converter would stop at a slash and take what stands before it. */
function canonical(name: string): string {
  if (/[\s/?#@\\%*]/.test(name)) return "";
  const address = name.startsWith("[") ? name.slice(1, -1) : name;
  if (isIPv6(address)) return new URL(`http://[${address}]/`).hostname.slice(1, -1);
  return domainToASCII(name.endsWith(".") ? name.slice(0, -1) : name);
}
