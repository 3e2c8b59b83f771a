// Talking to an API: what is sent, what is told, and what nobody can know.

import { afterEach, beforeEach, expect, test } from "vitest";
import { httpRequest } from "../../../src/tools/http-request.ts";
import type { Args, ToolOutcome } from "../../../src/tools/tool.ts";
import { row } from "../../support/catalogue.ts";
import { readBody } from "../../support/stub-model.ts";
import { CLOSED_GRANT, toolContext } from "../../support/tool-context.ts";
import { createWeb, saying, type TestWeb } from "../../support/web.ts";

let web: TestWeb;
beforeEach(async () => {
  web = await createWeb();
});
afterEach(async () => {
  await web.close();
  expect(web.canary).toEqual([]);
});

const grant = { ...CLOSED_GRANT, domains: ["api.example"] };
const send = (args: Args): Promise<ToolOutcome> =>
  httpRequest.run(args, toolContext("", { egress: web.egress, grant, effectKey: "key-1" }));

test("a POST carries its body, its headers and the key of the act", async () => {
  let body = "";
  await web.serve("api.example", async (request, response) => {
    body = await readBody(request);
    response.writeHead(201, {
      "content-type": "application/json",
      location: "/things/1",
      "set-cookie": "s=1",
    });
    response.end('{"id":1}');
  });
  const outcome = await send({
    url: "http://api.example/things",
    method: "POST",
    headers: { "content-type": "application/json", prefer: "return=minimal" },
    body: '{"name":"duck"}',
  });
  expect(outcome).toEqual({
    type: "done",
    text: 'status 201\ncontent-type: application/json\nlocation: /things/1\n\n{"id":1}',
  });
  expect(body).toBe('{"name":"duck"}');
  expect(web.requests).toMatchObject([
    {
      method: "POST",
      headers: { "idempotency-key": "key-1", prefer: "return=minimal", "content-type": "application/json" },
    },
  ]);
});

test("reading may be repeated; anything else is once", () => {
  const classOf = (method?: string): unknown =>
    httpRequest.effectClassOf?.(method === undefined ? { url: "u" } : { url: "u", method });
  expect([classOf(), classOf("GET"), classOf("HEAD")]).toEqual(["pure", "pure", "pure"]);
  expect(["POST", "PUT", "PATCH", "DELETE"].map(classOf)).toEqual(["once", "once", "once", "once"]);
  expect(httpRequest.effectClass).toBe("once");
});

test("an answer with an error status is an answer", async () => {
  await web.serve("api.example", saying(503, { "retry-after": "9", "content-type": "text/plain" }, "later"));
  expect(await send({ url: "http://api.example/" })).toEqual({
    type: "done",
    text: "status 503\ncontent-type: text/plain\nretry-after: 9\n\nlater",
  });
});

test("a POST that got no answer is unknown, a GET has failed, and what was never sent has failed", async () => {
  await web.serveRaw("api.example", (socket) => void socket.once("data", () => socket.destroy()));
  expect(await send({ url: "http://api.example/", method: "POST" })).toMatchObject({ type: "unknown" });
  expect(await send({ url: "http://api.example/" })).toMatchObject({ type: "failed" });
  web.point("api.example", []);
  expect(await send({ url: "http://api.example/", method: "POST" })).toMatchObject({
    type: "failed",
    text: expect.stringContaining("nothing was sent"),
  });
});

test(row("H-09", "a POST that is redirected is told so and sent nowhere else"), async () => {
  await web.serve("api.example", saying(307, { location: "http://10.9.9.9/" }));
  expect(await send({ url: "http://api.example/", method: "POST", body: "x" })).toMatchObject({
    type: "done",
    text: expect.stringMatching(/^status 307\nlocation: http:\/\/10\.9\.9\.9\/\n[\s\S]*URL_REDIRECT_DENIED/),
  });
});

test.each([
  ["http://other.example/", "URL_DOMAIN"],
  ["http://api.example:8080/", "URL_PORT"],
  ["http://127.0.0.1/", "URL_PRIVATE_ADDR"],
  ["http://user:pass@api.example/", "URL_FORM"],
])(row(["H-01", "H-11", "H-12", "H-13"], "http_request %s fails with %s"), async (url, code) => {
  expect(await send({ url, method: "POST", body: "secret" })).toMatchObject({
    type: "failed",
    text: expect.stringMatching(`^${code}: `),
  });
  expect(web.requests).toEqual([]);
});

test(row("H-14", "an answer that is too large is shown as far as it goes"), async () => {
  await web.serve("api.example", saying(200, { "content-type": "text/plain" }, "a".repeat(3_000_000)));
  const { type, text } = await send({ url: "http://api.example/", method: "POST" });
  expect(type).toBe("done");
  expect(text.length).toBeLessThan(17_000);
  expect(text).toContain("[cut: ");
  expect(text).toContain("LIMIT_SIZE");
});

test("bytes that are no text are counted, not shown", async () => {
  await web.serve("api.example", saying(200, { "content-type": "image/png" }, Buffer.alloc(7)));
  expect(await send({ url: "http://api.example/" })).toMatchObject({
    text: expect.stringContaining("[7 bytes that are not text]"),
  });
});

test("a GET with a body is refused: a server may act on it or not", async () => {
  expect(await send({ url: "http://api.example/", body: "x" })).toMatchObject({
    type: "failed",
    text: expect.stringContaining("TOOL_ARGUMENTS"),
  });
});
