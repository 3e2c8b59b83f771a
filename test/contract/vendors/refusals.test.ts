// One suite over every vendor: how each says no, and the class, the wait and the sentence that become of it.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorClass } from "../../../src/providers/provider.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import { REFUSALS, type Refusal } from "../../support/vendors/dialect.ts";
import { DIALECTS } from "../../support/vendors/dialects.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";

const CLASSES: Readonly<Record<Refusal, ErrorClass>> = {
  wrong_key: "auth",
  unknown_model: "unsupported",
  bad_request: "bad_request",
  context_length: "context_length",
  quota: "quota",
  rate_limit: "rate_limit",
  server_error: "overloaded",
  overloaded: "overloaded",
};

describe.each(DIALECTS)("$type", (dialect) => {
  let server: VendorServer;
  beforeAll(async () => {
    server = await startVendor(dialect.aside);
  });
  afterAll(() => server.close());

  const refuse = (
    status: number,
    body: string,
    headers: Record<string, string> = {},
    type = "application/json",
  ) =>
    server.use(async (out) => {
      out.head(type, status, headers);
      await out.write(body);
      out.end();
    });
  const failed = async (model = "the-model") => {
    const before = server.requests.length;
    const { error, parts } = await collect(dialect.open(server.origin, 10_000), ask({ model }));
    expect(parts).toHaveLength(1);
    expect(server.requests.length - before).toBe(1);
    return error!;
  };

  test.each(REFUSALS)("%s has its class, and a message that says where and what to do", async (kind) => {
    const { status, body } = dialect.refusal(kind);
    refuse(status, JSON.stringify(body));
    const { errorClass, message } = await failed();
    expect(errorClass).toBe(CLASSES[kind]);
    expect(message).toMatch(new RegExp(`^${dialect.type} \\(the-model\\) answered ${status}: .+; .+`));
    expect(message).not.toContain(dialect.key);
  });

  test.each([
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "1.5" }, 1500],
    [{ "retry-after-ms": "250", "retry-after": "7" }, 250],
    [{ "retry-after": "Sun, 06 Nov 1994 08:49:40 GMT", date: "Sun, 06 Nov 1994 08:49:37 GMT" }, 3000],
    [{ "retry-after": "Sun, 06 Nov 1994 08:49:30 GMT", date: "Sun, 06 Nov 1994 08:49:37 GMT" }, 0],
    [{ "retry-after": "-3" }, 0],
    [{ "retry-after": "soon" }, 0],
    [{ "retry-after": "1000000000" }, 3_600_000],
  ])("429 with %j waits %i ms", async (headers, afterMs) => {
    // Without RetryInfo, which Google sends in the body.
    refuse(429, "{}", headers as Record<string, string>);
    expect(await failed()).toMatchObject({ errorClass: "rate_limit", afterMs });
  });

  test("429 without a wish waits for nothing in particular", async () => {
    refuse(429, "");
    expect(await failed()).toMatchObject({ errorClass: "rate_limit", afterMs: 0 });
  });

  test("a page of HTML with an error status is told by its status, without its tags", async () => {
    const page = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>";
    refuse(502, page, {}, "text/html");
    const { errorClass, message } = await failed();
    expect(errorClass).toBe("overloaded");
    expect(message).toContain("502 Bad Gateway");
    expect(message).not.toContain("<");
  });

  test("a page of HTML with status 200 is no answer", async () => {
    refuse(200, "<html><body>Welcome to the hotel's network</body></html>", {}, "text/html");
    const { errorClass, message } = await failed();
    expect(errorClass).toBe("malformed");
    expect(message).toContain("text/html");
    expect(message).toContain(`providers.${dialect.type}.base_url`);
  });

  test("a redirect is not followed, as it would carry the key along", async () => {
    refuse(308, "", { location: `${server.origin}/elsewhere` });
    expect(await failed()).toMatchObject({
      errorClass: "malformed",
      message: expect.stringContaining("308"),
    });
  });

  test("204 is no answer", async () => {
    server.use((out) => {
      out.head(dialect.contentType, 204);
      out.end();
    });
    expect((await failed()).errorClass).toBe("malformed");
  });

  test("an endless error page is read only in part", async () => {
    server.use(async (out) => {
      out.head("text/html", 500);
      for (let sent = 0; sent < 400; sent++) await out.write("x".repeat(4096));
      out.end();
    });
    const { errorClass, message } = await failed();
    expect(errorClass).toBe("overloaded");
    expect(message.length).toBeLessThan(1000);
  });
});
