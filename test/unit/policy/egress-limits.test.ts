// How much and how long the egress guard listens: counted while it comes, decoded or not, whatever the other side says
// about its own length.

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EGRESS_LIMITS } from "../../../src/policy/egress.ts";
import { row } from "../../support/catalogue.ts";
import { within } from "../../support/wait.ts";
import { createWeb, saying, type TestWeb } from "../../support/web.ts";

const LIMIT = EGRESS_LIMITS.bodyBytes;

let web: TestWeb;
beforeEach(async () => {
  web = await createWeb();
});
afterEach(() => web.close());

/** Writes until the other side hangs up, and says how much it wrote. */
async function pour(response: ServerResponse, chunk: Buffer): Promise<number> {
  let bytes = 0;
  while (!response.destroyed) {
    bytes += chunk.length;
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  return bytes;
}

const cutAt = (bytes: number) => ({
  type: "answered",
  shortfall: { code: "LIMIT_SIZE", why: `the answer is larger than ${bytes} bytes` },
});

test(row("H-14", "an endless chunked body is cut at 2 MB, and the sender is hung up on"), async () => {
  const poured = Promise.withResolvers<number>();
  await web.serve("endless.example", (_request, response) => {
    void pour(response, Buffer.alloc(65_536, 97)).then(poured.resolve);
  });
  const answer = await web.fetch("http://endless.example/");
  expect(answer).toMatchObject(cutAt(LIMIT));
  expect((answer as { body: Uint8Array }).body).toHaveLength(LIMIT);
  // What was under way in socket buffers, and no more.
  expect(await within("the hang-up", poured.promise)).toBeLessThan(LIMIT + 16_000_000);
});

test(row("H-14", "a body that says it has 1 GB is cut where the limit is"), async () => {
  await web.serve("large.example", (_request, response) => {
    response.writeHead(200, { "content-length": String(2 ** 30) });
    void pour(response, Buffer.alloc(65_536));
  });
  expect(await web.fetch("http://large.example/")).toMatchObject(cutAt(LIMIT));
});

test(row("H-14", "a body in chunks of one byte takes no more memory than its bytes"), async () => {
  const chunks = "1\r\na\r\n".repeat(50_000);
  await web.serveRaw("crumbs.example", (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunks));
      };
      socket.on("drain", more);
      more();
    });
  });
  globalThis.gc?.();
  const before = process.memoryUsage();
  const answer = await web.fetch("http://crumbs.example/", { limits: { totalMs: 60_000 } });
  const held = process.memoryUsage();
  expect(answer).toMatchObject(cutAt(LIMIT));
  expect((answer as { body: Uint8Array }).body).toHaveLength(LIMIT);
  expect(held.arrayBuffers + held.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(100_000_000);
});

test(row("H-14", "a body of exactly the limit is whole, one byte more is not"), async () => {
  await web.serve(
    "exact.example",
    (request, response) => void response.end(Buffer.alloc(Number(request.url?.slice(1)))),
  );
  const limits = { bodyBytes: 1_000 };
  expect(await web.fetch("http://exact.example/1000", { limits })).toMatchObject({ shortfall: null });
  expect(await web.fetch("http://exact.example/1001", { limits })).toMatchObject(cutAt(1_000));
});

test(row("H-14", "a body that drips ends with the deadline"), async () => {
  await web.serveRaw("drip.example", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
    const timer = setInterval(() => socket.write("x"), 10);
    socket.on("close", () => clearInterval(timer));
  });
  const answer = await within(
    "the end",
    web.fetch("http://drip.example/", { limits: { totalMs: 200 } }),
    5_000,
  );
  expect(answer).toMatchObject({ type: "answered", shortfall: { code: "LIMIT_TIME" } });
});

test.each([
  ["never says anything", () => ""],
  ["drips its headers", () => "x"],
  ["says 100 Continue for ever", () => "HTTP/1.1 100 Continue\r\n\r\n"],
  ["says 103 Early Hints for ever", () => "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"],
])(row("H-14", "a server that %s is left, and what it did is unknown"), async (_, says) => {
  await web.serveRaw("mute.example", (socket) => {
    const timer = setInterval(() => socket.write(says()), 10);
    socket.on("close", () => clearInterval(timer));
  });
  const answer = await within(
    "the end",
    web.fetch("http://mute.example/", { limits: { totalMs: 200 } }),
    5_000,
  );
  expect(answer).toMatchObject({ type: "unknown" });
});

test.each([
  ["one header of 200 KB", `x-large: ${"a".repeat(200_000)}\r\n`],
  ["10,000 headers", Array.from({ length: 10_000 }, (_, index) => `x-${index}: a\r\n`).join("")],
])(row("H-14", "%s are too much"), async (_, headers) => {
  await web.serveRaw("wordy.example", (socket) => {
    socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n${headers}content-length: 0\r\n\r\n`));
  });
  expect(await web.fetch("http://wordy.example/")).toMatchObject({ type: "unknown", code: "LIMIT_SIZE" });
});

test("32 KB of headers less the status line are not too much", async () => {
  await web.serve("wordy.example", saying(200, { "x-large": "a".repeat(30_000) }, "x"));
  expect(await web.fetch("http://wordy.example/")).toMatchObject({ type: "answered", status: 200 });
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["x-gzip", gzipSync],
])(row("H-15", "a %s bomb is stopped at 2 MB decoded"), async (encoding, compress) => {
  const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
  await web.serve("bomb.example", saying(200, { "content-encoding": encoding }, bomb));
  const before = process.memoryUsage.rss();
  const answer = await web.fetch("http://bomb.example/");
  expect(answer).toMatchObject(cutAt(LIMIT));
  expect((answer as { body: Uint8Array }).body).toHaveLength(LIMIT);
  expect(process.memoryUsage.rss() - before).toBeLessThan(40_000_000);
});

test(row("H-15", "a bomb inside a bomb is stopped as well"), async () => {
  const bomb = gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024)));
  await web.serve("bomb.example", saying(200, { "content-encoding": "gzip, gzip" }, bomb));
  expect(await web.fetch("http://bomb.example/")).toMatchObject(cutAt(LIMIT));
});

test(row("H-15", "an encoding that is not known is not passed on as text"), async () => {
  await web.serve("odd.example", saying(200, { "content-encoding": "zstd-ish" }, "x"));
  expect(await web.fetch("http://odd.example/")).toMatchObject({
    type: "answered",
    shortfall: { code: null, why: expect.stringContaining("zstd-ish") },
  });
});

test.each([3, 1_000])(row("H-16", "%i layers of compression are refused"), async (layers) => {
  const encoding = Array.from({ length: layers }, () => "gzip").join(", ");
  await web.serve("layers.example", saying(200, { "content-encoding": encoding }, gzipSync("x")));
  expect(await web.fetch("http://layers.example/")).toMatchObject({
    type: "answered",
    body: new Uint8Array(),
    shortfall: { code: "LIMIT_SIZE" },
  });
});

test(row("H-16", "two layers are taken off in their order"), async () => {
  const body = brotliCompressSync(gzipSync("inside"));
  await web.serve("layers.example", saying(200, { "content-encoding": "gzip, BR, identity" }, body));
  const answer = await web.fetch("http://layers.example/");
  expect(answer).toMatchObject({ shortfall: null });
  expect(Buffer.from((answer as { body: Uint8Array }).body).toString()).toBe("inside");
});

test("a body that breaks off or does not decode is not taken for a whole one", async () => {
  await web.serve("broken.example", (request, response) => {
    response.writeHead(
      200,
      request.url === "/" ? { "content-length": "10" } : { "content-encoding": "gzip" },
    );
    response.write("half", () => response.destroy());
  });
  for (const path of ["/", "/gzip"]) {
    expect(await web.fetch(`http://broken.example${path}`)).toMatchObject({
      type: "answered",
      shortfall: { code: null, why: expect.stringContaining("broke off") },
    });
  }
});

test.each([
  ["HEAD", 200, "gzip"],
  ["GET", 204, "gzip"],
  ["GET", 200, "br"],
] as const)(
  "an answer to %s with status %i and an encoding, but no body, is whole",
  async (method, status, encoding) => {
    await web.serve("empty.example", saying(status, { "content-encoding": encoding }));
    expect(await web.fetch("http://empty.example/", { method })).toMatchObject({ status, shortfall: null });
  },
);

test("what is no HTTP is no answer", async () => {
  await web.serveRaw("ssh.example", (socket) => void socket.write("SSH-2.0-OpenSSH_9.9\r\n"));
  expect(await web.fetch("http://ssh.example/")).toMatchObject({ type: "unknown" });
});

test("a look-up that never ends is ended by the deadline, and nothing was sent", async () => {
  const never = createWeb();
  web.point("stuck.example", () => []);
  const { createEgress } = await import("../../../src/policy/egress.ts");
  const network = { ...(await never).network, resolve: () => new Promise<string[]>(() => {}) };
  const egress = createEgress({ network, ownPort: () => undefined });
  const reach = { domains: ["*"], allowLoopback: false };
  const request = { url: "http://stuck.example/", reach, limits: { totalMs: 100 } };
  expect(await within("the end", egress.fetch(request, new AbortController().signal), 5_000)).toMatchObject({
    type: "refused",
    code: "LIMIT_TIME",
  });
});
