// A client's own request, field by field and vendor by vendor: what is honoured is on the wire, and everything else is
// refused with a param that names it. There is no third way.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestOf } from "../../src/brain/passage.ts";
import { shapeFault } from "../../src/brain/structured.ts";
import { ParamError } from "../../src/gateway/errors.ts";
import { readPassageRequest } from "../../src/gateway/passage-request.ts";
import type { Provider } from "../../src/providers/provider.ts";
import { collect } from "../support/vendors/collect.ts";
import type { Dialect } from "../support/vendors/dialect.ts";
import { DIALECTS } from "../support/vendors/dialects.ts";
import { startVendor, type VendorServer } from "../support/vendors/server.ts";
import type { Case } from "./passage-case.ts";
import { FIELDS } from "./passage-fields.ts";

const servers = new Map<Dialect, VendorServer>();
beforeAll(async () => {
  for (const dialect of DIALECTS) {
    const server = await startVendor(dialect.aside);
    servers.set(dialect, server);
    server.use(async (out) => {
      out.head(dialect.contentType);
      await out.write(dialect.events({ text: ["done"] }).join(""));
      out.end();
    });
  }
});
afterAll(() => Promise.all([...servers.values()].map((server) => server.close())));

const PLAIN = { model: "lab/gemini-3.8-flash", messages: [{ role: "user", content: "hi" }] };

/** The param of a refusal, or the body that the vendor got. */
async function sent(
  dialect: Dialect,
  provider: Provider,
  given: object,
): Promise<{ param: string } | { body: object }> {
  const server = servers.get(dialect)!;
  const before = server.requests.length;
  try {
    const { passage } = await readPassageRequest({ ...PLAIN, ...given }, shapeFault);
    const request = requestOf({ ...passage, link: null }, "gemini-3.8-flash");
    const lack = provider.lackOf?.(request);
    const got = await collect(provider, request);
    if (lack !== undefined) {
      expect(got.error).toMatchObject({ errorClass: "unsupported", message: lack.message });
      expect(server.requests.length).toBe(before);
      return { param: lack.param };
    }
    expect(got.error?.message).toBeUndefined();
    expect(got.text).toBe("done");
    return { body: server.requests.at(-1)!.body };
  } catch (error) {
    if (error instanceof ParamError) return { param: error.param };
    throw error;
  }
}

const ROWS = Object.entries(FIELDS).flatMap(([field, cases]) =>
  cases.map((one): [string, Case, string] => [
    `${field} ${JSON.stringify(one.given).slice(0, 90)}`,
    one,
    field,
  ]),
);

describe.each(DIALECTS)("$type", (dialect) => {
  test.each(ROWS)("%s", async (_name, { given, param, wire }, field) => {
    const provider = dialect.open(servers.get(dialect)!.origin, 10_000);
    const evidence = wire[dialect.type];
    const result = await sent(dialect, provider, given);
    if (evidence === undefined) expect(result).toEqual({ param: param ?? field });
    else expect(result).toMatchObject({ body: evidence });
  });
});
