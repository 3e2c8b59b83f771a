// Which URLs a policy opens, judged by their text: the spellings of an inner address, and the forms that two readers read
// differently.

import { expect, test } from "vitest";
import { judgeUrl, type Reach } from "../../../src/policy/url-rules.ts";
import { row } from "../../support/catalogue.ts";

const ANY: Reach = { domains: ["*"], allowLoopback: false };
const OPEN_HERE: Reach = { domains: ["*"], allowLoopback: true };

const codeOf = (url: string, reach: Reach = ANY): string => {
  const judged = judgeUrl(url, reach);
  return judged.ok ? "ok" : judged.code;
};

const of = (...domains: string[]): Reach => ({ domains, allowLoopback: false });

test.each(["127.0.0.1:8080", "127.0.0.1", "localhost", "LOCALHOST.", "127.1", "127.0.0.1.", "a.localhost"])(
  row("H-01", "http://%s is this machine"),
  (host) => {
    expect(codeOf(`http://${host}/`)).toBe("URL_PRIVATE_ADDR");
    expect(codeOf(`http://${host}/`, of("localhost", "127.0.0.1", "*.localhost"))).toBe("URL_PRIVATE_ADDR");
    expect(codeOf(`http://${host}/`, OPEN_HERE)).toBe("ok");
    expect(codeOf(`http://${host}/`, { domains: ["example.com"], allowLoopback: true })).toBe("URL_DOMAIN");
  },
);

test.each([
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "017700000001",
  "0x7f000001",
  "127.0.0.0x1",
  "１２７.０.０.１",
])(row("H-02", "http://%s is 127.0.0.1 written otherwise"), (host) => {
  expect(codeOf(`http://${host}/`)).toBe("URL_PRIVATE_ADDR");
  expect(judgeUrl(`http://${host}/`, OPEN_HERE)).toMatchObject({ ok: true, host: "127.0.0.1" });
});

test.each([
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[0:0:0:0:0:ffff:7f00:1]",
  "[::127.0.0.1]",
])(row("H-03", "http://%s leads here"), (host) => {
  expect(codeOf(`http://${host}/`)).toBe("URL_PRIVATE_ADDR");
  expect(codeOf(`https://${host}:443/`)).toBe("URL_PRIVATE_ADDR");
  // A policy that opens loopback opens ::1, not the forms that wrap an address.
  expect(codeOf(`http://${host}/`, OPEN_HERE)).toBe(host === "[::1]" ? "ok" : "URL_PRIVATE_ADDR");
});

test.each([
  ...["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "169.254.0.1"],
  ...["172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.0.1", "198.18.0.1", "198.19.255.255"],
  ...["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
])(row("H-04", "http://%s is not public"), (host) => {
  expect(codeOf(`http://${host}/`)).toBe("URL_PRIVATE_ADDR");
  expect(codeOf(`http://${host}/`, { domains: [host], allowLoopback: true })).toBe("URL_PRIVATE_ADDR");
});

test.each([
  ...[
    "[fc00::1]",
    "[fe80::1%25d0]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::]",
  ],
  ...[
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[100::1]",
    "[2001:db8::1]",
  ],
  "[::ffff:0:7f00:1]",
])(row("H-05", "http://%s is not public"), (host) => {
  expect(codeOf(`http://${host}/`)).toBe("URL_PRIVATE_ADDR");
  expect(codeOf(`http://${host}/`, OPEN_HERE)).toBe("URL_PRIVATE_ADDR");
});

test.each([
  ...["metadata.google.internal", "METADATA.google.internal.", "169.254.169.254", "[fd00:ec2::254]"],
  ...["100.100.100.200", "instance-data", "printer.local", "router", "x.home.arpa", "intranet"],
])(row("H-06", "http://%s is an inner service, whatever the list says"), (host) => {
  expect(codeOf(`http://${host}/latest/meta-data/`)).toBe("URL_PRIVATE_ADDR");
  expect(codeOf(`http://${host}/`, { domains: ["*", host], allowLoopback: true })).toBe("URL_PRIVATE_ADDR");
});

test.each([
  ...["file:///etc/passwd", "ftp://example.com/", "gopher://example.com/", "data:text/plain,x"],
  ...["blob:https://example.com/x", "javascript:alert(1)", "unix:/run/x.sock", "jar:https://example.com!/x"],
  ...[
    "http+unix://%2Frun%2Fx/",
    "HTTP:\\\\127.0.0.1",
    "ws://example.com/",
    "//example.com/",
    "example.com",
    "",
  ],
  ...["http:example.com", "view-source:https://example.com/", "\u0000http://example.com/"],
])(row("H-10", "%s is not fetched"), (url) => {
  expect(codeOf(url)).toBe("URL_SCHEME");
});

test.each([
  ...[
    "http://public.example.org@127.0.0.1/",
    "http://127.0.0.1#@public.example.org/",
    "http://u:p@example.org/",
  ],
  ...["http://public.example.org\\@127.0.0.1", "http://127.0.0.1%2f@public.example.org", "http:///127.0.0.1"],
  ...[
    "http://exa\tmple.org/",
    "http://exa\nmple.org/",
    "http://example.org\r\nHost: x/",
    "http://ex ample.org/",
  ],
  ...[
    "http://127.0.0.1%2f.example.org/",
    "http://ex%2eample.org/",
    "http://",
    "http://?x",
    "http://example.org:99999/",
  ],
  ...[
    "http://[::1",
    "http://[127.0.0.1]/",
    "http://exa<mple.org/",
    `http://example.org/${"a".repeat(9_000)}`,
  ],
])(row("H-11", "%j has a form that could be read in two ways"), (url) => {
  expect(codeOf(url)).toBe("URL_FORM");
});

test.each([22, 25, 6379, 11_211, 5432, 8080, 0])(
  row("H-12", "port %i of a public host is closed"),
  (port) => {
    expect(codeOf(`http://example.org:${port}/`)).toBe("URL_PORT");
    expect(codeOf(`http://example.org:${port}/`, of("example.org"))).toBe("URL_PORT");
    expect(codeOf(`http://1.1.1.1:${port}/`)).toBe("URL_PORT");
  },
);

test(row("H-12", "a port that the policy names is open on that host alone"), () => {
  const reach = of("example.org:8443", "other.org", "[2606:4700::1111]:8080", "1.1.1.1:53");
  expect(codeOf("https://example.org:8443/", reach)).toBe("ok");
  expect(codeOf("https://example.org/", reach)).toBe("URL_PORT");
  expect(codeOf("https://other.org:8443/", reach)).toBe("URL_PORT");
  expect(codeOf("https://other.org/", reach)).toBe("ok");
  expect(codeOf("http://[2606:4700::1111]:8080/", reach)).toBe("ok");
  expect(codeOf("http://1.1.1.1:53/", reach)).toBe("ok");
  expect(codeOf("http://1.1.1.1/", reach)).toBe("URL_PORT");
});

test(
  row(
    "H-12",
    "loopback opens the ports of people's own servers, not those of data stores and system services",
  ),
  () => {
    const open = (port: number): string => codeOf(`http://127.0.0.1:${port}/`, OPEN_HERE);
    expect([80, 443, 3000, 8080, 49_152].map(open)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect([22, 25, 631, 2375, 5432, 6379, 9200, 11_211].filter((port) => open(port) !== "URL_PORT")).toEqual(
      [],
    );
    const named: Reach = { domains: ["127.0.0.1:5432"], allowLoopback: true };
    expect(codeOf("http://127.0.0.1:5432/", named)).toBe("ok");
    expect(codeOf("http://127.0.0.1:3000/", named)).toBe("URL_PORT");
  },
);

test.each([
  ...["https://other.org/", "https://exаmple.com/", "https://xn--exmple-4nf.com/", "https://example。com/"],
  ...["https://example．com/", "https://evil｡com/", "https://1.1.1.1/", "https://[2606:4700::1111]/"],
])(row("H-13", "%s is not example.com"), (url) => {
  expect(codeOf(url, of("example.com"))).toBe("URL_DOMAIN");
  expect(codeOf(url, of())).toBe("URL_DOMAIN");
});

test.each([
  "https://example.com?q=a%20b",
  "https://example.com#a%20b",
  "https://example.com/?to=a@b.org",
  "https://example.com/a%2Fb",
])("%s is as good as any other", (url) => {
  expect(codeOf(url)).toBe("ok");
});

test("what is judged is what is connected to: the host and port of the one parse", () => {
  expect(judgeUrl("HTTPS://Example.COM./a?b#c", ANY)).toMatchObject({
    host: "example.com",
    port: 443,
    isAddress: false,
  });
  expect(judgeUrl("http://[2606:4700::1111]:80/", ANY)).toMatchObject({
    host: "2606:4700::1111",
    port: 80,
    isAddress: true,
  });
  expect(judgeUrl(" https://example.com/ ", ANY)).toMatchObject({ ok: true });
});
