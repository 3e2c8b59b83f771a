// Whatever text a frame is, it is read as requests or as faults, and a fault can be answered.

import fc from "fast-check";
import { expect, test } from "vitest";
import { CODES, GoclawError } from "../../../src/domain/error.ts";
import { errorOf, readFrame } from "../../../src/gateway/json-rpc.ts";

test("no text throws, and every fault has a number of JSON-RPC's own range", () => {
  const frames = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((data) => `[${data}]`),
  );
  fc.assert(
    fc.property(frames, (text) => {
      const { items } = readFrame(text);
      expect(items.length).toBeGreaterThan(0);
      for (const item of items) {
        if (!("fault" in item)) continue;
        const { error } = errorOf(item.id, item.fault) as { error: { code: number } };
        expect([-32700, -32600, -32602]).toContain(error.code);
      }
    }),
  );
});

test("deep nesting is read like anything else", () => {
  const deep = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`;
  expect(readFrame(deep).items).toMatchObject([{ id: 1, method: "m" }]);
});

test("an error carries the closed code, and a defect says nothing about itself", () => {
  const busy = new GoclawError("QUEUE_FULL", "full", { retryAfterSeconds: 3 });
  expect(errorOf(1, busy)).toEqual({
    jsonrpc: "2.0",
    id: 1,
    error: {
      code: CODES.QUEUE_FULL.jsonrpc,
      message: "full",
      data: { code: "QUEUE_FULL", retryable: true, retry_after_seconds: 3 },
    },
  });
  const defect = JSON.stringify(errorOf("x", new TypeError("secret of /home/me")));
  expect(defect).toContain("-32603");
  expect(defect).not.toContain("secret");
});
