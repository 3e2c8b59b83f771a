// Domain patterns of a policy: a name is itself and nothing that looks like it.

import { expect, test } from "vitest";
import { judgeUrl, type Reach } from "../../../src/policy/url-rules.ts";
import { row } from "../../support/catalogue.ts";

const of = (...domains: string[]): Reach => ({ domains, allowLoopback: false });

const codeOf = (url: string, reach: Reach): string => {
  const judged = judgeUrl(url, reach);
  return judged.ok ? "ok" : judged.code;
};

test.each([
  "example.com.evil.org",
  "evilexample.com",
  "a.example.com",
  "example.co",
  "xn--exmple-cua.com",
  "com",
])(row("D-12", "example.com does not cover %s"), (host) => {
  expect(["URL_DOMAIN", "URL_PRIVATE_ADDR"]).toContain(codeOf(`https://${host}/`, of("example.com")));
});

test.each(["example.com", "example.com.", "EXAMPLE.com", "ExAmPlE.CoM."])(
  row("D-12", "example.com covers %s"),
  (host) => {
    expect(judgeUrl(`https://${host}/`, of("example.com"))).toMatchObject({
      ok: true,
      host: "example.com",
    });
    expect(codeOf("https://example.com/", of(host))).toBe("ok");
  },
);

test(row("D-12", "*.example.com covers what is below it and not itself"), () => {
  const reach = of("*.example.com");
  expect(codeOf("https://a.example.com/", reach)).toBe("ok");
  expect(codeOf("https://a.b.example.com./", reach)).toBe("ok");
  expect(codeOf("https://example.com/", reach)).toBe("URL_DOMAIN");
  expect(codeOf("https://evilexample.com/", reach)).toBe("URL_DOMAIN");
  expect(codeOf("https://a.example.com.evil.org/", reach)).toBe("URL_DOMAIN");
});

test(row("D-12", "a name of another script is compared, and shown, as punycode"), () => {
  expect(judgeUrl("https://bücher.example/", of("bücher.example"))).toMatchObject({
    ok: true,
    host: "xn--bcher-kva.example",
  });
  const judged = judgeUrl("https://exаmple.com/", of("example.com"));
  expect(judged.ok ? "" : judged.why).toContain("xn--exmple-4nf.com");
});

test.each([
  "",
  "*",
  "*.",
  "a*.com",
  "exa mple.com",
  "https://example.com",
  "example.com/",
  "example.com:0",
  ":80",
  "*.*",
])("%j opens nothing that it does not say", (pattern) => {
  expect(codeOf("https://example.com/", of(pattern))).toBe(pattern === "*" ? "ok" : "URL_DOMAIN");
});
