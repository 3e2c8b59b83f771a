// One suite over every vendor: silence in each phase ends in time with the phase's name, and an abort ends the call at
// once, whatever it was waiting for. The vendor sees its connection close.

import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, collect } from "../../support/vendors/collect.ts";
import { DIALECTS } from "../../support/vendors/dialects.ts";
import { type Answerer, startVendor, type VendorServer } from "../../support/vendors/server.ts";
import { createSignal, until, within } from "../../support/wait.ts";

const LIMIT_MS = 300;
const LONG_MS = 60_000;
const PATIENT = { connectMs: LONG_MS, firstByteMs: LONG_MS, idleMs: LONG_MS, totalMs: LONG_MS };

const RAISE = {
  ...{ connect: "timeouts.connect_seconds", first_byte: "timeouts.first_byte_seconds" },
  ...{ idle: "timeouts.idle_seconds", total: "timeout_seconds" },
};

const EARLY: readonly (readonly [when: string, (contentType: string) => Answerer])[] = [
  ["before the headers", () => () => {}],
  ["before the first byte", (contentType) => (out) => out.head(contentType)],
];

describe.each(DIALECTS)("$type", (dialect) => {
  let server: VendorServer;
  beforeAll(async () => {
    server = await startVendor(dialect.aside);
    // The first call loads the SDK and asks for abilities; neither is what is measured here.
    server.use((out) => out.reset());
    await collect(dialect.open(server.origin, LONG_MS));
  });
  afterAll(() => server.close());
  const events = dialect.events({ text: ["a ", "b ", "c "] });
  const unfinished = dialect.events({ text: ["a "], stop: "none" }).join("");

  const overrun = async (limits: Partial<typeof PATIENT>, answerer: Answerer, origin = server.origin) => {
    const gone = createSignal();
    server.use(async (out, request) => {
      void out.gone.then(gone.give);
      await answerer(out, request);
    });
    const provider = dialect.open(origin, LONG_MS, { ...PATIENT, ...limits });
    const startedAt = performance.now();
    const { error } = await collect(provider, ask({ model: "the-model" }));
    const tookMs = performance.now() - startedAt;
    if (origin === server.origin) await within("the vendor sees the connection close", gone.promise);
    expect(error?.errorClass).toBe("timeout");
    expect(error?.message).toContain(`${dialect.type} (the-model)`);
    // What to raise is the limit that was overrun.
    const phase = /\(phase (\w+)\)/.exec(error?.message ?? "")?.[1] as keyof typeof RAISE;
    expect(error?.message).toContain(`raise providers.${dialect.type}.${RAISE[phase]} if`);
    expect(tookMs).toBeGreaterThan(LIMIT_MS * 0.9);
    expect(tookMs).toBeLessThan(LIMIT_MS * 1.1 + 250);
    return error?.message;
  };

  test("a vendor that never answers overruns the first byte", async () => {
    expect(await overrun({ firstByteMs: LIMIT_MS }, () => {})).toContain("phase first_byte");
  });

  test("headers alone are no first byte", async () => {
    const silent: Answerer = (out) => out.head(dialect.contentType);
    expect(await overrun({ firstByteMs: LIMIT_MS }, silent)).toContain("phase first_byte");
  });

  test("silence after the first piece overruns the idle time", async () => {
    const message = await overrun({ idleMs: LIMIT_MS }, async (out) => {
      out.head(dialect.contentType);
      await out.write(events.slice(0, 2).join(""));
    });
    expect(message).toContain("phase idle");
  });

  test("a lying Content-Length is silence", async () => {
    const message = await overrun({ idleMs: LIMIT_MS }, (out) =>
      out.raw(
        `HTTP/1.1 200 OK\r\ncontent-type: ${dialect.contentType}\r\ncontent-length: 99999\r\n\r\n${events[0]}`,
      ),
    );
    expect(message).toContain("phase idle");
  });

  test("a vendor that drips overruns the total", async () => {
    const message = await overrun({ idleMs: LIMIT_MS, totalMs: LIMIT_MS }, async (out) => {
      out.head(dialect.contentType);
      let over = false;
      void out.gone.then(() => {
        over = true;
      });
      const bytes = Buffer.from(unfinished.repeat(500));
      for (let at = 0; !over && at < bytes.length; at++) await out.write(bytes.subarray(at, at + 1));
    });
    expect(message).toContain("phase total");
  });

  test("a handshake that never ends overruns connecting", async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const { port } = mute.address() as { port: number };
    const origin = `https://127.0.0.1:${port}`;
    expect(await overrun({ connectMs: LIMIT_MS }, () => {}, origin)).toContain("phase connect");
    mute.close();
  });

  test("an abort before the call asks nobody", async () => {
    const before = server.requests.length;
    const { error, parts } = await collect(dialect.open(server.origin, LONG_MS), ask(), AbortSignal.abort());
    expect(error?.errorClass).toBe("aborted");
    expect(parts).toHaveLength(1);
    expect(server.requests.length).toBe(before);
  });

  test.each(EARLY)("an abort %s ends the call at once", async (_, answererOf) => {
    const gone = createSignal();
    const answerer = answererOf(dialect.contentType);
    const before = server.requests.length;
    server.use(async (out, request) => {
      void out.gone.then(gone.give);
      await answerer(out, request);
    });
    const controller = new AbortController();
    const reading = collect(dialect.open(server.origin, LONG_MS), ask(), controller.signal);
    await until("the request is there", () => server.requests.length > before);
    controller.abort();
    expect((await reading).error?.errorClass).toBe("aborted");
    await within("the vendor sees the connection close", gone.promise);
  });

  test("an abort in mid-stream ends the call at once, and what came is no answer", async () => {
    const gone = createSignal();
    server.use(async (out) => {
      void out.gone.then(gone.give);
      out.head(dialect.contentType);
      await out.write(events.slice(0, -1).join(""));
    });
    const controller = new AbortController();
    const provider = dialect.open(server.origin, LONG_MS);
    const got = await collect(provider, ask(), controller.signal, (part) => {
      if (part.type === "text.delta") controller.abort();
    });
    expect(got.error?.errorClass).toBe("aborted");
    expect(got.end).toBeUndefined();
    await within("the vendor sees the connection close", gone.promise);
  });

  test("a reader that goes away closes the connection", async () => {
    const gone = createSignal();
    server.use(async (out) => {
      void out.gone.then(gone.give);
      out.head(dialect.contentType);
      await out.write(events.slice(0, -1).join(""));
    });
    for await (const part of dialect
      .open(server.origin, LONG_MS)
      .stream(ask(), new AbortController().signal)) {
      if (part.type === "text.delta") break;
    }
    await within("the vendor sees the connection close", gone.promise);
  });

  test("a reader that takes its time is not the vendor's silence", async () => {
    server.use(async (out) => {
      out.head(dialect.contentType);
      await out.write(events.join(""));
      out.end();
    });
    const provider = dialect.open(server.origin, LONG_MS, { ...PATIENT, idleMs: 60 });
    let last = "";
    for await (const part of provider.stream(ask(), new AbortController().signal)) {
      last = part.type;
      const until = performance.now() + 80;
      while (performance.now() < until) await new Promise(setImmediate);
    }
    expect(last).toBe("end");
  });
});
