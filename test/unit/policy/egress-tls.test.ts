// Encrypted connections: the certificate is checked for the name that was judged, and nothing turns that off.

import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { row } from "../../support/catalogue.ts";
import { type Authority, createAuthority, hasOpenssl } from "../../support/certificates.ts";
import { closeServer, listen } from "../../support/stub-model.ts";
import { createWeb, saying, type TestWeb } from "../../support/web.ts";

let web: TestWeb;
afterEach(async () => {
  await web.close();
  expect(web.canary).toEqual([]);
});

describe.skipIf(!hasOpenssl())("with certificates", () => {
  let authority: Authority;
  beforeAll(() => {
    authority = createAuthority();
  });
  beforeEach(async () => {
    web = await createWeb(authority.ca);
  });

  test("a certificate of a trusted authority for this name is taken", async () => {
    await web.serve("good.example", saying(200, {}, "ok"), { tls: authority.issue("good.example") });
    expect(await web.fetch("https://good.example/")).toMatchObject({ type: "answered", status: 200 });
    expect(web.requests).toMatchObject([{ headers: { host: "good.example" } }]);
  });

  test.each([
    ["self-signed", /self-signed/, () => authority.selfSigned("bad.example")],
    ["expired", /expired/, () => authority.issue("bad.example", -1)],
    ["for another name", /altnames/, () => authority.issue("good.example")],
    ["of TLS 1.0", /protocol|alert/, () => ({ ...authority.issue("bad.example"), ...oldest })],
    [
      "of TLS 1.1",
      /protocol|alert/,
      () => ({ ...authority.issue("bad.example"), ...oldest, maxVersion: "TLSv1.1" as const }),
    ],
  ])(row("H-18", "a server that is %s gets no request"), async (_, why, tls) => {
    await web.serve("bad.example", saying(200, {}, "ok"), { tls: tls() });
    const answer = await web.fetch("https://bad.example/", { method: "POST", body: "secret" });
    expect(answer).toMatchObject({
      type: "refused",
      code: "TLS_INVALID",
      why: expect.stringMatching(why),
    });
    expect(web.requests).toEqual([]);
  });

  test(row("H-18", "no variable turns the check off"), async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    await web.serve("bad.example", saying(200, {}, "ok"), { tls: authority.selfSigned("bad.example") });
    expect(await web.fetch("https://bad.example/")).toMatchObject({ code: "TLS_INVALID" });
    vi.unstubAllEnvs();
  });

  test(row("H-09", "a redirect from https to http is refused"), async () => {
    const location = "http://plain.example/";
    await web.serve("good.example", saying(302, { location }), { tls: authority.issue("good.example") });
    await web.serve("plain.example", saying(200, {}, "ok"));
    expect(await web.fetch("https://good.example/")).toMatchObject({
      type: "refused",
      code: "URL_REDIRECT_DENIED",
      why: expect.stringContaining("https"),
    });
    expect(web.requests).toHaveLength(1);
  });
});

/** What Node itself no longer speaks unless it is told to. */
const oldest = { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;

test(row("H-18", "a server that speaks no TLS at all gets no request"), async () => {
  web = await createWeb();
  await web.serve("plain.example", saying(200, {}, "ok"), { port: 443 });
  expect(await web.fetch("https://plain.example/")).toMatchObject({ type: "refused", code: "TLS_INVALID" });
  expect(web.requests).toEqual([]);
});

describe("proxies in the environment", () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(String(request.url));
    response.end("from the proxy");
  });
  proxy.on("connect", (request, socket) => {
    asked.push(String(request.url));
    socket.destroy();
  });
  beforeAll(() => listen(proxy));
  afterAll(() => closeServer(proxy));

  test(row("H-19", "are not asked"), async () => {
    const address = proxy.address() as { port: number };
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"])
      vi.stubEnv(name, `http://127.0.0.1:${address.port}`);
    vi.stubEnv("NODE_USE_ENV_PROXY", "1");
    web = await createWeb();
    await web.serve("public.example", saying(200, {}, "direct"));
    const answer = await web.fetch("http://public.example/");
    expect(Buffer.from((answer as { body: Uint8Array }).body).toString()).toBe("direct");
    expect(asked).toEqual([]);
    vi.unstubAllEnvs();
  });
});
