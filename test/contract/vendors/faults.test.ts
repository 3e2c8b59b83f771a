// One suite over every vendor: answers that begin well and go wrong on the wire. Each ends in its class, once, and
// nothing that came before the fault counts as an answer.

import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorClass } from "../../../src/providers/provider.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import { type Said, USAGE } from "../../support/vendors/dialect.ts";
import { DIALECTS } from "../../support/vendors/dialects.ts";
import { type Answerer, startVendor, type VendorServer } from "../../support/vendors/server.ts";
import { createSeeded } from "../../support/wait.ts";

const SAID: Said = {
  text: ["The sun ", "is a stär 🌟."],
  calls: [{ name: "now", args: '{"zone":"UTC"}' }],
  stop: "tool_calls",
  usage: USAGE,
};

describe.each(DIALECTS)("$type", (dialect) => {
  let server: VendorServer;
  beforeAll(async () => {
    server = await startVendor(dialect.aside);
  });
  afterAll(() => server.close());

  const failed = async (answerer: Answerer): Promise<{ errorClass: ErrorClass; message: string }> => {
    server.use(answerer);
    const { error, end } = await collect(dialect.open(server.origin, 10_000), ask({ model: "the-model" }));
    expect(end).toBeUndefined();
    expect(error?.message).toContain(`${dialect.type} (the-model)`);
    return error!;
  };
  const sent =
    (text: string | Uint8Array, headers: Record<string, string> = {}): Answerer =>
    async (out) => {
      out.head(dialect.contentType, 200, headers);
      await out.write(text);
      out.end();
    };
  const whole = dialect.events(SAID).join("");
  const unfinished = dialect.events({ ...SAID, stop: "none" });

  test("a stream without a finish reason is no answer", async () => {
    expect(await failed(sent(unfinished.join("")))).toMatchObject({ errorClass: "malformed" });
  });

  test("an empty stream is no answer", async () => {
    expect(await failed(sent(""))).toMatchObject({ errorClass: "malformed" });
  });

  test("an unknown finish reason is no answer", async () => {
    const { errorClass, message } = await failed(sent(dialect.events({ text: ["x"], stop: "ODD" }).join("")));
    expect(errorClass).toBe("malformed");
    expect(message).toContain("ODD");
  });

  test.runIf(dialect.type !== "ollama")(
    "content that was refused is no answer, whatever came before",
    async () => {
      const text = dialect.events({ text: ["I will "], stop: "filter" }).join("");
      expect(await failed(sent(text))).toMatchObject({ errorClass: "refused" });
    },
  );

  test("an error in mid-stream has the class it would have had before", async () => {
    expect(await failed(sent(unfinished.join("") + dialect.brokenEvent))).toMatchObject({
      errorClass: "overloaded",
      message: expect.stringContaining("mid-stream"),
    });
  });

  test("an event that is not JSON is malformed", async () => {
    const text = [unfinished[0], dialect.garbledEvent, ...dialect.events(SAID).slice(1)].join("");
    expect(await failed(sent(text))).toMatchObject({ errorClass: "malformed" });
  });

  test("a reset at any byte is a matter of the network, an end at any byte is malformed", async () => {
    const random = createSeeded(7);
    // Whatever comes after the finish reason is not needed.
    const bytes = Buffer.from(unfinished.join(""));
    for (let round = 0; round < 12; round++) {
      const at = Math.floor(random() * bytes.length);
      const reset = await failed(async (out) => {
        out.head(dialect.contentType);
        await out.write(bytes.subarray(0, at));
        out.reset();
      });
      expect({ at, class: reset.errorClass }).toEqual({ at, class: "network" });
      const end = await failed(sent(bytes.subarray(0, at)));
      expect({ at, class: end.errorClass }).toEqual({ at, class: "malformed" });
    }
  });

  test("a reset before the headers is a matter of the network", async () => {
    expect(await failed((out) => out.reset())).toMatchObject({ errorClass: "network" });
  });

  test("an answer shorter than its Content-Length is a matter of the network", async () => {
    const head = `HTTP/1.1 200 OK\r\ncontent-type: ${dialect.contentType}\r\ncontent-length: 99999\r\n\r\n`;
    const { errorClass } = await failed(async (out) => {
      out.raw(head + unfinished.join(""));
      out.finish();
    });
    expect(errorClass).toBe("network");
  });

  test("an answer longer than its Content-Length is cut there", async () => {
    const cut = Buffer.byteLength(unfinished.join("")) - 3;
    const head = `HTTP/1.1 200 OK\r\ncontent-type: ${dialect.contentType}\r\ncontent-length: ${cut}\r\n\r\n`;
    const { errorClass } = await failed(async (out) => {
      out.raw(head + whole);
      out.finish();
    });
    expect(["malformed", "network"]).toContain(errorClass);
  });

  test("bytes that are not HTTP are malformed", async () => {
    expect(await failed((out) => out.raw("220 mail.example.org ESMTP\r\n"))).toMatchObject({
      errorClass: "malformed",
    });
  });

  test.each([
    ["half a character at the end", Buffer.from([...Buffer.from("x: "), 0xf0, 0x9f])],
    ["a byte that is no UTF-8", Buffer.from([0xff, 0x0a])],
  ])("%s is malformed", async (_, tail) => {
    const bytes = Buffer.concat([Buffer.from(unfinished.join("")), tail]);
    const { errorClass, message } = await failed(sent(bytes));
    expect(errorClass).toBe("malformed");
    expect(message).toContain("UTF-8");
  });

  test("one event of 10 MB is refused before it is whole", async () => {
    const text = dialect.events({ text: ["x".repeat(10 * 1024 * 1024)] }).join("");
    const { errorClass, message } = await failed(sent(text));
    expect(errorClass).toBe("malformed");
    expect(message).toContain("4194304");
  });

  test.each(["x", "\n", ":\n"])("a gzip bomb of %j stops at the limit", async (content) => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, content));
    const { errorClass } = await failed(sent(bomb, { "content-encoding": "gzip" }));
    expect(errorClass).toBe("malformed");
  });

  test("a compressed answer that does not unpack is malformed", async () => {
    const { errorClass } = await failed(sent("this is not gzip at all", { "content-encoding": "gzip" }));
    expect(errorClass).toBe("malformed");
  });

  test("a compressed answer that breaks off is no answer", async () => {
    const packed = gzipSync(whole);
    const half = packed.subarray(0, packed.length - 20);
    const { errorClass } = await failed(sent(half, { "content-encoding": "gzip" }));
    expect(["malformed", "network"]).toContain(errorClass);
  });

  test("nobody there is a matter of the network, and the message names the address", async () => {
    const gone = await startVendor();
    await gone.close();
    const { error } = await collect(dialect.open(gone.origin, 10_000));
    expect(error?.errorClass).toBe("network");
    expect(error?.message).toContain(new URL(gone.origin).host);
    expect(error?.message).toContain("base_url");
  });

  test("an address that is none ends in its class too", async () => {
    const { error } = await collect(dialect.open("http://127.0.0.1:99999", 10_000));
    expect(["network", "malformed"]).toContain(error?.errorClass);
  });
});

describe.each(DIALECTS.filter(({ contentType }) => contentType.startsWith("text/event-stream")))(
  "$type: server-sent events in every legal form",
  (dialect) => {
    let server: VendorServer;
    beforeAll(async () => {
      server = await startVendor(dialect.aside);
    });
    afterAll(() => server.close());
    const events = dialect.events(SAID);
    const splitData = (event: string): string => event.replace(/,"/g, ',\ndata: "');

    test("one event of many lines is bounded like one of one", async () => {
      const text = `data: ${"x".repeat(1000)}\n`.repeat(6000);
      server.use(async (out) => {
        out.head(dialect.contentType);
        await out.write(text);
        out.end();
      });
      const { error } = await collect(dialect.open(server.origin, 10_000));
      expect(error).toMatchObject({ errorClass: "malformed", message: expect.stringContaining("4194304") });
    });

    test.each([
      ["CRLF", events.join("").replaceAll("\n", "\r\n")],
      ["CR", events.join("").replaceAll("\n", "\r")],
      ["a byte order mark", `\uFEFF${events.join("")}`],
      ["comments between and before", events.map((event) => `: ping\n\n: pong\n${event}`).join("")],
      ["other fields", events.map((event) => `id: 7\nretry: 100\n${event}`).join("")],
      ["data over several lines", events.map(splitData).join("")],
      ["no space after the colon", events.join("").replaceAll("data: ", "data:")],
    ])("%s", async (_, text) => {
      for (const pieceBytes of [1 << 20, 3]) {
        server.use(async (out) => {
          out.head(dialect.contentType);
          await out.cut(text, pieceBytes);
          out.end();
        });
        const got = await collect(dialect.open(server.origin, 10_000));
        expect(got.error).toBeUndefined();
        expect(got.text).toBe(SAID.text?.join(""));
        expect(JSON.parse(got.calls[0]!.argumentsText)).toEqual({ zone: "UTC" });
      }
    });
  },
);
