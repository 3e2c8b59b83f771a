// Errors on the wire: one shape, the status of the closed table, and nothing about the inside.

import { expect, test } from "vitest";
import { CODES, type Code, GoclawError } from "../../../src/domain/error.ts";
import { toGoclawError, wireError } from "../../../src/gateway/errors.ts";
import { verifies } from "../../support/verifies.ts";

test(
  verifies("REL-007", "every code has a sentence, a status, a JSON-RPC code and says whether to try again"),
  () => {
    for (const [code, { meaning, http, jsonrpc, retryable }] of Object.entries(CODES)) {
      expect(code).toMatch(/^[A-Z][A-Z0-9_]*$/);
      expect(meaning.length, code).toBeGreaterThan(10);
      expect(http, code).toBeGreaterThanOrEqual(200);
      expect(http, code).toBeLessThan(600);
      expect(Number.isInteger(jsonrpc), code).toBe(true);
      expect(typeof retryable).toBe("boolean");
      if (http === 429 || http === 503) expect(retryable || code.startsWith("HOME"), code).toBe(true);
    }
  },
);

test.each([
  ["AUTH_MISSING", "authentication_error"],
  ["CAP_DENIED", "permission_error"],
  ["TASK_NOT_FOUND", "not_found_error"],
  ["QUEUE_FULL", "rate_limit_error"],
  ["BAD_REQUEST", "invalid_request_error"],
  ["INTERNAL", "server_error"],
  ["DISK_FULL", "server_error"],
] as const)("%s is a %s to OpenAI's clients", (code: Code, type) => {
  expect(wireError(code, "words", "field")).toEqual({
    error: { message: "words", type, code, param: "field" },
  });
  expect(wireError(code, "words").error.param).toBeNull();
});

test("what the HTTP library complains about has our codes; what nobody knows is a defect", () => {
  const library = (code: string, statusCode?: number): Code | undefined =>
    toGoclawError(Object.assign(new Error("at /home/user/secret.ts"), { code, statusCode }))?.code;
  expect(library("FST_ERR_CTP_BODY_TOO_LARGE")).toBe("LIMIT_SIZE");
  expect(library("FST_ERR_CTP_INVALID_JSON_BODY")).toBe("PARSE_ERROR");
  expect(library("FST_ERR_CTP_INVALID_MEDIA_TYPE")).toBe("UNSUPPORTED_MEDIA");
  expect(library("SOMETHING", 400)).toBe("PARSE_ERROR");
  expect(library("SOMETHING", 500)).toBeUndefined();
  expect(library("SOMETHING")).toBeUndefined();
  const own = new GoclawError("QUEUE_FULL", "full");
  expect(toGoclawError(own)).toBe(own);
});
