// URLs nobody would write by hand, made of the parts that parsers disagree about: whatever is let through is public,
// plain and named by a pattern, as a reader that knows nothing of the rules sees it.

import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { judgeUrl } from "../../src/policy/url-rules.ts";
import { row } from "../support/catalogue.ts";

const RUNS = 20_000;

const hosts = fc.oneof(
  fc.constantFrom("example.com", "EXAMPLE.com.", "a.example.com", "evilexample.com", "example.com.evil.org"),
  fc.constantFrom(
    "localhost",
    "x.localhost.",
    "metadata.google.internal",
    "router",
    "münchen.example",
    "exаmple.com",
  ),
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.domain(),
  fc.nat(0xffff_ffff).map((value) => (value % 2 === 0 ? String(value) : `0x${value.toString(16)}`)),
  fc.constantFrom(
    "127.1",
    "0177.0.0.1",
    "[::ffff:7f00:1]",
    "[64:ff9b::a00:1]",
    "[::1%25lo]",
    "１２７.0.0.1",
    "",
  ),
);
const rarely = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const noise = rarely(
  "",
  fc.constantFrom("@", "#@", "\\", "\t", "\n", " ", "%2f", "%00", "?", "/", "//", "。", ":"),
);
const schemes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("http://", "https://", "HTTP://") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("http:\\\\", "http:/", "ftp://", "file://", "javascript:", "//", ""),
  },
);
const ports = rarely(
  "",
  fc.nat(70_000).map((port) => `:${port}`),
);
const urls = fc
  .tuple(schemes, noise, hosts, noise, rarely("", hosts), ports, fc.webPath())
  .map((parts) => parts.join(""));
const reaches = fc.record({
  domains: fc.array(
    fc.oneof(
      fc.constantFrom("*", "*", "example.com", "*.example.com", "127.0.0.1", "localhost", "example.com:8443"),
      hosts,
    ),
    { maxLength: 4 },
  ),
  allowLoopback: fc.boolean(),
});

const isLoopbackName = (host: string): boolean => /(^|\.)localhost$/.test(host);

function isGlobal(host: string): boolean {
  const address = ipaddr.parse(host);
  return address.range() === "unicast" && (address.kind() === "ipv4" || address.toByteArray()[0]! >> 5 === 1);
}

/** The patterns again, in the slowest and plainest way. */
function isNamed(host: string, domains: readonly string[]): boolean {
  return domains.some((text) => {
    const pattern = text.replace(/:\d+$/, text.startsWith("[") && text.endsWith("]") ? "$&" : "");
    if (pattern === "*") return true;
    const below = pattern.startsWith("*.");
    const name = below ? pattern.slice(2) : pattern;
    if (!URL.canParse(`http://${name}/`)) return false;
    const wanted = new URL(`http://${name}/`).hostname.replace(/^\[|\]$|\.$/g, "");
    return below ? host.endsWith(`.${wanted}`) : host === wanted;
  });
}

test(row(["H-01", "H-05", "H-10", "H-11", "D-12"], "nothing that is let through leads inside"), () => {
  let open = 0;
  fc.assert(
    fc.property(urls, reaches, (text, reach) => {
      const judged = judgeUrl(text, reach);
      if (!judged.ok) {
        expect(judged.why).not.toBe("");
        return;
      }
      open++;
      const again = new URL(text);
      expect(again.href).toBe(judged.url.href);
      expect(["http:", "https:"]).toContain(again.protocol);
      expect([again.username, again.password]).toEqual(["", ""]);
      const host = again.hostname.replace(/^\[|\]$|\.$/g, "");
      expect(judged.host).toBe(host);
      expect(isNamed(host, reach.domains)).toBe(true);
      if (judged.isLoopback) {
        expect(reach.allowLoopback).toBe(true);
        expect(isLoopbackName(host) || ipaddr.parse(host).range() === "loopback").toBe(true);
      } else {
        expect(ipaddr.isValid(host) ? isGlobal(host) : host.includes(".")).toBe(true);
      }
    }),
    { numRuns: RUNS, seed: 20_261_120 },
  );
  expect(open).toBeGreaterThan(RUNS / 50);
});

test("a public name that a pattern names is open on the usual ports, whatever its case and last dot", () => {
  fc.assert(
    fc.property(fc.domain(), fc.boolean(), fc.boolean(), fc.boolean(), (name, below, upper, dot) => {
      const host = `${below ? "a." : ""}${upper ? name.toUpperCase() : name}${dot ? "." : ""}`;
      const judged = judgeUrl(`https://${host}/x`, {
        domains: [below ? `*.${name}` : name],
        allowLoopback: false,
      });
      const isInner = /\.(local|localhost|internal|intranet|lan|home|corp|private)$|\.home\.arpa$/.test(name);
      expect(judged.ok ? "open" : judged.code).toBe(isInner ? "URL_PRIVATE_ADDR" : "open");
    }),
    { numRuns: 5_000, seed: 20_261_121 },
  );
});
