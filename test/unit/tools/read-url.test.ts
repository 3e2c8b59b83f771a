// Reading a page: the main text of HTML as Markdown, other text as it is, in pieces, and never longer than a page is
// worth.

import { afterEach, beforeEach, expect, test } from "vitest";
import { startPageReader } from "../../../src/native.ts";
import { createPageReader, type PageRead } from "../../../src/tools/page.ts";
import { readUrl } from "../../../src/tools/read-url.ts";
import type { ToolOutcome } from "../../../src/tools/tool.ts";
import { row } from "../../support/catalogue.ts";
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

const grant = { ...CLOSED_GRANT, domains: ["*"] };
const read = (url: string, offset?: number): Promise<ToolOutcome> =>
  readUrl.run(
    offset === undefined ? { url } : { url, offset },
    toolContext("", { egress: web.egress, grant }),
  );

const servePage = (type: string, body: string | Uint8Array): Promise<void> =>
  web.serve("page.example", saying(200, { "content-type": type }, body));

const PAGE = `<!doctype html><html><head><title>Ducks &amp; geese</title>
<script>steal()</script><style>p{color:red}</style></head><body>
<nav><a href="/home">Home</a> <a href="/shop">Shop</a></nav>
<article><h1>Ducks</h1><p>A duck is a <em>bird</em>; see <a href="geese.html">geese</a> and
<a href="javascript:alert(1)">this</a>.</p><p>${"They swim, dive and quack all day long. ".repeat(20)}</p>
<ul><li>mallard</li><li>teal</li></ul><pre><code>quack()</code></pre></article>
<footer>All rights reserved</footer></body></html>`;

test("a page becomes Markdown: its text and links, without its menus and scripts", async () => {
  await servePage("text/html; charset=utf-8", PAGE);
  const { type, text } = await read("http://page.example/birds/ducks.html");
  expect(type).toBe("done");
  expect(text).toMatch(/^# Ducks & geese\n/);
  expect(text).toContain("A duck is a _bird_; see [geese](http://page.example/birds/geese.html) and this.");
  expect(text).toMatch(/-\s+mallard\n-\s+teal/);
  expect(text).toContain("quack()");
  expect(text).not.toMatch(/steal|color:red|javascript:|Shop|rights reserved/);
});

test.each([
  ["no html element", "<title>T</title><p>text</p>"],
  ["no head", "<html><body><p>text</p></body></html>"],
  ["a title outside a head", "<html><title>T</title><body><p>text</p>"],
  ["a comment first", "<!-- c --><html><head></head><body><p>text</p></body></html>"],
  ["words before its html element", "words<html><body><p>text</p></body></html>"],
  ["no closing tags", "<!doctype html><html><head><title>T</title><body><div><p>text"],
  ["two bodies", "<html><head></head><body><p>text</p></body><body><p>more</p></body></html>"],
  [
    "frames for a body",
    "<html><head></head><frameset><frame src=x></frameset><noframes>text</noframes></html>",
  ],
])("a page with %s is read", async (_, html) => {
  await servePage("text/html", html);
  expect(await read("http://page.example/")).toMatchObject({
    type: "done",
    text: expect.stringContaining("text"),
  });
});

test.each([
  ["application/json", '{"a": [1, 2]}'],
  ["text/plain", "<b>not HTML</b>"],
  ["application/ld+json; charset=utf-8", "{}"],
  ["text/markdown", "# Title"],
])("%s stays as it is", async (type, body) => {
  await servePage(type, body);
  expect(await read("http://page.example/")).toEqual({ type: "done", text: body });
});

test.each([
  ["text/html; charset=iso-8859-2", Buffer.from([0x3c, 0x70, 0x3e, 0xbe, 0x6c, 0x75, 0xbb]), "žluť"],
  ["text/html", Buffer.from("<meta charset='windows-1250'><p>\x9elu\x9d", "latin1"), "žluť"],
  ["text/plain; charset=nonsense", Buffer.from("žluť"), "žluť"],
  ["text/plain", Buffer.from([0x61, 0xff, 0x62]), "a\ufffdb"],
])("%s is read in its character set", async (type, body, text) => {
  await servePage(type, body);
  expect(await read("http://page.example/")).toEqual({ type: "done", text });
});

test("a long text comes in pieces that join without a gap, and no character is torn", async () => {
  const whole = `${"0123456789".repeat(799)}abcdefg🦆${"z".repeat(9_000)}`;
  await servePage("text/plain", whole);
  let joined = "";
  for (let offset: number | undefined = 0, calls = 0; offset !== undefined; calls++) {
    expect(calls).toBeLessThan(5);
    const { text } = await read("http://page.example/", offset);
    const [, piece = text, next] =
      /^([\s\S]*)\n\n\[characters .*; for the rest call read_url with offset (\d+)\]$/.exec(text) ?? [];
    expect(piece.length).toBeLessThanOrEqual(8_000);
    joined += piece;
    offset = next === undefined ? undefined : Number(next);
  }
  expect(joined).toBe(whole);
  expect(await read("http://page.example/", 20_000)).toMatchObject({
    text: expect.stringContaining("nothing at offset 20000"),
  });
});

test("what is not text, or not there, is said", async () => {
  await servePage("image/png", Buffer.alloc(10));
  expect(await read("http://page.example/")).toMatchObject({
    type: "failed",
    text: expect.stringContaining("image/png"),
  });
  await web.serve("gone.example", saying(404, {}, "no"));
  expect(await read("http://gone.example/x")).toMatchObject({
    type: "failed",
    text: expect.stringMatching(/404/),
  });
  await web.serve("empty.example", saying(200, { "content-type": "text/html" }, ""));
  expect(await read("http://empty.example/")).toEqual({ type: "done", text: "the page has no text" });
});

test.each([
  ["http://127.0.0.1/", "URL_PRIVATE_ADDR"],
  ["file:///etc/passwd", "URL_SCHEME"],
  ["http://inner.example/", "URL_DNS_PRIVATE"],
  ["http://moved.example/", "URL_REDIRECT_DENIED"],
])(row(["H-01", "H-07", "H-09", "H-10"], "read_url %s fails with %s"), async (url, code) => {
  web.point("inner.example", ["10.9.9.9"]);
  await web.serve("moved.example", saying(302, { location: "http://10.9.9.9/" }));
  expect(await read(url)).toMatchObject({ type: "failed", text: expect.stringMatching(`^${code}: `) });
});

test(
  row("D-12", "what the policy does not name is not read, and the host is shown as punycode"),
  async () => {
    const context = toolContext("", { egress: web.egress, grant: { ...grant, domains: ["example.com"] } });
    const outcome = await readUrl.run({ url: "https://exаmple.com/" }, context);
    expect(outcome).toMatchObject({
      type: "failed",
      text: expect.stringMatching(/^URL_DOMAIN: xn--exmple-4nf\.com /),
    });
  },
);

test.each([
  ["400,000 open elements", "<div>".repeat(400_000)],
  ["a tag soup", "<b><i><a><p><table>".repeat(40_000)],
  ["two million brackets", "<".repeat(2_000_000)],
])(row("H-17", "%s end with LIMIT_TIME, and the daemon goes on meanwhile"), async (_, html) => {
  await servePage("text/html", html);
  let turns = 0;
  const beat = setInterval(() => turns++, 10);
  const startedMs = performance.now();
  const outcome = await read("http://page.example/");
  const tookMs = performance.now() - startedMs;
  clearInterval(beat);
  expect(outcome).toMatchObject({ type: "failed", text: expect.stringMatching(/^LIMIT_TIME: /) });
  expect(tookMs).toBeLessThan(10_000);
  expect(turns).toBeGreaterThan(10);
});

test.each([
  ["a comment of 2 MB", `<p>before</p><!--${"x".repeat(2_000_000)}-->`],
  ["a style inside a script inside a style", "<p>before</p><style><script></style><style><script>".repeat(1)],
])(row("H-17", "%s does not keep the text before it from being read"), async (_, html) => {
  await servePage("text/html", html);
  expect(await read("http://page.example/")).toMatchObject({
    type: "done",
    text: expect.stringContaining("before"),
  });
});

test("a page that is being read when its task is aborted is let go of", async () => {
  const control = new AbortController();
  const readPage = createPageReader(startPageReader);
  const reading: Promise<PageRead> = readPage(
    { kind: "article", html: "<div>".repeat(1_000_000), url: "http://page.example/" },
    control.signal,
  );
  control.abort();
  expect(await reading).toEqual({ type: "failed", why: "aborted" });
});
