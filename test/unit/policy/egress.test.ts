// The egress guard against a web that means harm: names that lead inside, answers that flip, redirects out of the public
// internet. A byte at the canary is a failure of any of these.

import { afterEach, beforeEach, expect, test } from "vitest";
import { createEgress } from "../../../src/policy/egress.ts";
import { row } from "../../support/catalogue.ts";
import { verifies } from "../../support/verifies.ts";
import { createSignal, within } from "../../support/wait.ts";
import { createWeb, saying, type TestWeb } from "../../support/web.ts";

let web: TestWeb;
beforeEach(async () => {
  web = await createWeb();
  await web.serve("public.example", saying(200, { "content-type": "text/plain" }, "hello"));
});
afterEach(async () => {
  await web.close();
  expect(web.canary).toEqual([]);
});

const refused = (code: string, why = "") => ({ type: "refused", code, why: expect.stringContaining(why) });
const textOf = (answer: { body?: Uint8Array }): string => Buffer.from(answer.body ?? []).toString();

test("a public host answers, and the answer is from where it was asked", async () => {
  const answer = await web.fetch("http://public.example/a?b=c");
  expect(answer).toMatchObject({
    type: "answered",
    status: 200,
    url: "http://public.example/a?b=c",
    shortfall: null,
  });
  expect(textOf(answer as { body: Uint8Array })).toBe("hello");
  expect(web.requests).toMatchObject([
    { method: "GET", path: "/a?b=c", headers: { host: "public.example" } },
  ]);
});

test.each([
  ...["http://127.0.0.1:9/", "http://2130706433/", "http://[::1]/", "http://10.9.9.9/", "http://[fd00::9]/"],
  ...["http://169.254.169.254/", "http://metadata.google.internal/", "http://localhost:9/"],
])(
  row(["H-01", "H-02", "H-03", "H-04", "H-06"], "%s is refused before anything is looked up"),
  async (url) => {
    expect(await web.fetch(url)).toEqual(refused("URL_PRIVATE_ADDR"));
    expect(web.lookups).toEqual([]);
  },
);

test.each([
  ["to loopback", ["127.0.0.1"]],
  ["to a public and a private address", ["93.184.215.1", "10.9.9.9"]],
  ["to a private and a public address", ["10.9.9.9", "93.184.215.1"]],
  ["to a public IPv4 and a private IPv6 address", ["93.184.215.1", "fd00::9"]],
  ["to a mapped address", ["::ffff:127.0.0.1"]],
  ["to a NAT64 address", ["64:ff9b::7f00:1"]],
  ["to the metadata service", ["169.254.169.254"]],
  ["to a zone", ["fe80::1%d0"]],
  ["to what is no address", ["internal"]],
])(verifies("SEC-004", row("H-07", "a name that leads %s is refused")), async (_, addresses) => {
  web.point("127.0.0.1.nip.example", addresses);
  expect(await web.fetch("http://127.0.0.1.nip.example/")).toEqual(
    refused("URL_DNS_PRIVATE", "127.0.0.1.nip.example"),
  );
  expect(web.requests).toEqual([]);
});

test(row("H-07", "a policy that opens loopback does not open it to names"), async () => {
  web.point("rebind.example", ["127.0.0.1"]);
  const reach = { domains: ["*"], allowLoopback: true };
  expect(await web.fetch("http://rebind.example/", { reach })).toEqual(refused("URL_DNS_PRIVATE"));
});

test(
  row("H-08", "a name that flips with every question is asked once a request and never reaches inside"),
  async () => {
    let asked = 0;
    web.point("flip.example", () => (asked++ % 2 === 0 ? ["93.184.215.1"] : ["10.9.9.9"]));
    for (let index = 0; index < 200; index++) {
      const before = asked;
      const answer = await web.fetch("http://flip.example/");
      expect(asked).toBe(before + 1);
      expect(answer).toMatchObject(index % 2 === 0 ? { type: "answered" } : refused("URL_DNS_PRIVATE"));
    }
  },
);

test(
  verifies("SEC-004", row("H-08", "a socket that ended somewhere else than it was sent is not spoken to")),
  async () => {
    web.divert("93.184.215.1", "10.9.9.9");
    expect(await web.fetch("http://public.example/")).toEqual(refused("URL_DNS_REBIND", "10.9.9.9"));
    web.divert("93.184.215.1", "");
    expect(await web.fetch("http://public.example/")).toEqual(refused("URL_DNS_REBIND", "nobody"));
    expect(web.requests).toEqual([]);
  },
);

test.each([
  ["http://127.0.0.1/", "URL_PRIVATE_ADDR"],
  ["http://[::ffff:7f00:1]/", "URL_PRIVATE_ADDR"],
  ["file:///etc/passwd", "URL_SCHEME"],
  ["gopher://public.example/", "URL_SCHEME"],
  ["data:text/plain,x", "URL_SCHEME"],
  ["http://public.example:8080/", "URL_PORT"],
  ["//10.9.9.9/", "URL_PRIVATE_ADDR"],
  ["//user:pass@public.example/", "URL_FORM"],
  ["http://user@public.example/", "URL_FORM"],
  ["http://inner.example/", "URL_DNS_PRIVATE"],
  ["http://other.example/", "URL_DOMAIN"],
  ["http://", "URL_FORM"],
])(verifies("SEC-004", row("H-09", "a redirect to %s is refused with %s")), async (location, code) => {
  web.point("inner.example", ["10.9.9.9"]);
  await web.serve("from.example", saying(302, { location }));
  const reach = { domains: ["from.example", "public.example", "inner.example"], allowLoopback: false };
  const answer = await web.fetch("http://from.example/", { reach });
  expect(answer).toEqual(refused("URL_REDIRECT_DENIED", code));
  expect(web.requests.map(({ host }) => host)).toEqual(["from.example"]);
});

test(row("H-09", "five redirects are followed, a sixth is not, and a loop ends"), async () => {
  await web.serve("chain.example", (request, response) => {
    const left = Number(request.url?.slice(1));
    if (left === 0) return void response.end("the end");
    response.writeHead(301, { location: `/${left - 1}` });
    response.end();
  });
  const end = await web.fetch("http://chain.example/5");
  expect(end).toMatchObject({ type: "answered", url: "http://chain.example/0" });
  expect(await web.fetch("http://chain.example/6")).toEqual(refused("URL_REDIRECT_DENIED", "more than 5"));
  await web.serve("loop.example", saying(302, { location: "/" }));
  expect(await web.fetch("http://loop.example/")).toEqual(refused("URL_REDIRECT_DENIED", "more than 5"));
  expect(web.requests.filter(({ host }) => host === "loop.example")).toHaveLength(6);
});

test.each(["http://public.example/žluť?q=1", "//public.example/žluť?q=1"])(
  "a redirect to %s, written in UTF-8, leads there",
  async (target) => {
    await web.serveRaw("raw.example", (socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${target}\r\nContent-Length: 0\r\n\r\n`);
    });
    expect(await web.fetch("http://raw.example/")).toMatchObject({ type: "answered", status: 200 });
    expect(web.requests.map(({ path }) => path)).toEqual(["/%C5%BElu%C5%A5?q=1"]);
  },
);

test(row("H-09", "what could be a credential stays with its origin"), async () => {
  await web.serve("from.example", saying(307, { location: "http://public.example/" }));
  await web.serve("same.example", (request, response) => {
    if (request.url === "/") response.writeHead(302, { location: "/there" });
    response.end();
  });
  const headers = { authorization: "Bearer x", cookie: "a=b", "x-api-key": "k", accept: "text/plain" };
  await web.fetch("http://from.example/", { headers });
  await web.fetch("http://same.example/", { headers });
  const [, away, , stayed] = web.requests;
  expect(away!.headers).toMatchObject({ accept: "text/plain", host: "public.example" });
  expect(Object.keys(away!.headers)).not.toEqual(expect.arrayContaining(["authorization"]));
  expect(JSON.stringify(away!.headers)).not.toMatch(/Bearer x|a=b|"k"/);
  expect(stayed).toMatchObject({ path: "/there", headers: { authorization: "Bearer x" } });
});

test.each([301, 302, 303, 307, 308])(
  row("H-09", "a request with a body that is answered %i is not sent anywhere else"),
  async (status) => {
    await web.serve("from.example", saying(status, { location: "http://public.example/" }));
    const answer = await web.fetch("http://from.example/", { method: "POST", body: "secret" });
    expect(answer).toMatchObject({
      type: "answered",
      status,
      headers: { location: "http://public.example/" },
    });
    expect(web.requests).toHaveLength(1);
  },
);

test(row("H-09", "a Refresh header and a meta refresh lead nowhere"), async () => {
  const html = '<meta http-equiv="refresh" content="0; url=http://10.9.9.9/">';
  await web.serve("refresh.example", saying(200, { refresh: "0; url=http://10.9.9.9/" }, html));
  expect(await web.fetch("http://refresh.example/")).toMatchObject({ type: "answered", status: 200 });
  expect(web.requests).toHaveLength(1);
});

test(row("H-12", "the daemon's own gateway is closed even where the policy opens loopback"), async () => {
  const egress = createEgress({ network: web.network, ownPort: () => 18_789 });
  const reach = { domains: ["*"], allowLoopback: true };
  const { signal } = new AbortController();
  for (const host of ["127.0.0.1", "localhost", "[::1]", "127.1"]) {
    const answer = await egress.fetch({ url: `http://${host}:18789/healthz`, reach }, signal);
    expect(answer).toEqual(refused("URL_PORT", "own"));
  }
});

test(row("H-13", "a host that no rule names is not even looked up"), async () => {
  const reach = { domains: ["public.example"], allowLoopback: false };
  expect(await web.fetch("http://other.example/", { reach })).toEqual(refused("URL_DOMAIN", "other.example"));
  expect(web.lookups).toEqual([]);
});

test(row("H-20", "what a page names is not fetched"), async () => {
  const html =
    '<link rel=icon href=/icon><meta property="og:image" content="/og"><img src=/i><script src=/s></script>';
  await web.serve(
    "page.example",
    saying(200, { "content-type": "text/html", link: "</s.css>; rel=preload" }, html),
  );
  await web.fetch("http://page.example/");
  expect(web.requests.map(({ path }) => path)).toEqual(["/"]);
});

test("a name without an address, or an address without a server, is unsent", async () => {
  expect(await web.fetch("http://nobody.example/")).toMatchObject({ type: "unsent" });
  web.point("gone.example", ["93.184.215.99"]);
  expect(await web.fetch("http://gone.example/")).toMatchObject({ type: "unsent" });
  expect((web.canary as string[]).splice(0)).toEqual(["93.184.215.99:80"]);
});

test("an address that nobody answers at is passed over for the next one of the same name", async () => {
  web.point("two.example", ["93.184.215.99", "93.184.215.1"]);
  expect(await web.fetch("http://two.example/")).toMatchObject({ type: "answered", status: 200 });
  expect((web.canary as string[]).splice(0)).toEqual(["93.184.215.99:80"]);
});

test("a request that is aborted before it is sent is unsent, and one that was sent is unknown", async () => {
  const control = new AbortController();
  const arrived = createSignal();
  await web.serve("slow.example", () => arrived.give());
  expect(await web.fetch("http://slow.example/", {}, AbortSignal.abort())).toMatchObject({ type: "unsent" });
  const answer = web.fetch("http://slow.example/", { method: "POST" }, control.signal);
  await within("the request", arrived.promise);
  control.abort();
  expect(await within("the outcome", answer)).toMatchObject({ type: "unknown" });
});

test("headers that would end a line are not sent", async () => {
  const headers = { accept: "a\r\nx-evil: 1" };
  expect(await web.fetch("http://public.example/", { headers })).toMatchObject({ type: "unsent" });
  expect(web.requests).toEqual([]);
});
