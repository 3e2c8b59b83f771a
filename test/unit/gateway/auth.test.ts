// Who gets in: every combination of host, origin, path and credential.

import { describe, expect, test } from "vitest";
import { type Code, GoclawError } from "../../../src/domain/error.ts";
import { authenticate } from "../../../src/gateway/auth.ts";
import { verifies } from "../../support/verifies.ts";

const TOKEN = "t0ken-of-this-home";
const KEY = `gck_${"0".repeat(12)}_${"k".repeat(43)}`;
const GRANT = { id: "0".repeat(12), name: "ci", agents: ["coder"], scopes: ["acp.read"], rpm: null };
const examineKey = (text: string) => {
  if (!text.startsWith("gck_")) return undefined;
  if (text === KEY) return GRANT;
  return text.endsWith("over") ? "over" : "wrong";
};
const options = { readToken: () => TOKEN, examineKey, hostNames: ["box.example"], origins: [] };

function ask(headers: Record<string, string>, path = "/api/v1/tasks"): Code | string {
  try {
    return authenticate(options, path, headers).principal;
  } catch (error) {
    if (error instanceof GoclawError) return error.code;
    throw error;
  }
}

const HOSTS: readonly (readonly [host: string | undefined, ok: boolean])[] = [
  ["127.0.0.1:18789", true],
  ["127.0.0.1", true],
  ["localhost:18789", true],
  ["LOCALHOST", true],
  ["[::1]:18789", true],
  ["box.example:18789", true],
  ["BOX.example", true],
  [undefined, false],
  ["", false],
  ["evil.example", false],
  ["localhost.evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["evil.example:127.0.0.1", false],
  ["127.0.0.1:18789:80", false],
  ["127.0.0.2", false],
  ["0.0.0.0", false],
  ["localhost.", false],
  ["user@localhost", false],
  ["::1", false],
];

describe.each(HOSTS)("a request to host %s", (host, ok) => {
  const headers = { ...(host === undefined ? {} : { host }), authorization: `Bearer ${TOKEN}` };

  test(verifies("ACP-004", ok ? "is heard" : "is refused before anything else is looked at"), () => {
    expect(ask(headers)).toBe(ok ? "token" : "HOST_DENIED");
    expect(ask(headers, "/livez")).toBe(ok ? "anyone" : "HOST_DENIED");
    expect(ask({ ...headers, authorization: "Bearer wrong" })).toBe(ok ? "AUTH_INVALID" : "HOST_DENIED");
  });
});

const host = "127.0.0.1:18789";

test.each([
  ["http://127.0.0.1:18789", true],
  ["http://127.0.0.1:1", false],
  ["https://127.0.0.1:18789", false],
  ["http://localhost:18789", false],
  ["http://evil.example", false],
  ["http://127.0.0.1:18789.evil.example", false],
  ["null", false],
  ["", false],
  ["file://", false],
])(verifies("ACP-004", "the origin %j is allowed: %s, with or without a credential"), (origin, ok) => {
  expect(ask({ host, origin, authorization: `Bearer ${TOKEN}` })).toBe(ok ? "token" : "ORIGIN_DENIED");
  expect(ask({ host, origin }, "/healthz")).toBe(ok ? "anyone" : "ORIGIN_DENIED");
});

test.each([
  [undefined, "AUTH_MISSING"],
  ["", "AUTH_MISSING"],
  ["Bearer", "AUTH_MISSING"],
  ["Bearer ", "AUTH_MISSING"],
  [`Bearer ${TOKEN}`, "token"],
  [`bearer ${TOKEN}`, "token"],
  [`Bearer  ${TOKEN}`, "AUTH_INVALID"],
  [`Bearer ${TOKEN} `, "AUTH_INVALID"],
  [`Bearer ${TOKEN}x`, "AUTH_INVALID"],
  [`Bearer ${TOKEN.slice(0, -1)}`, "AUTH_INVALID"],
  [`Bearer ${TOKEN.toUpperCase()}`, "AUTH_INVALID"],
  [`Bearer ${TOKEN}, Bearer ${TOKEN}`, "AUTH_INVALID"],
  [`Basic ${TOKEN}`, "AUTH_MISSING"],
  [TOKEN, "AUTH_MISSING"],
  [`Bearer ${"x".repeat(100_000)}`, "AUTH_INVALID"],
])(verifies("ACP-003", "the credential %j is %s"), (authorization, expected) => {
  expect(ask({ host, ...(authorization === undefined ? {} : { authorization }) })).toBe(expected);
});

test.each(["/livez", "/healthz"])(verifies("ACP-003", "%s needs no credential"), (path) => {
  expect(ask({ host }, path)).toBe("anyone");
});

test.each([
  "/readyz",
  "/metrics",
  "/livez/",
  "/livez/x",
  "//livez",
  "/LIVEZ",
  "/v1/models",
  "",
  "/healthz%2f..",
])(verifies("ACP-003", "%j needs one"), (path) => {
  expect(ask({ host }, path)).toBe("AUTH_MISSING");
});

test(verifies("ACP-003", "a rotated token holds from the next request"), () => {
  let token = "first-token-of-home";
  const rotating = { ...options, readToken: () => token };
  const headers = { host, authorization: `Bearer ${token}` };
  expect(authenticate(rotating, "/x", headers)).toEqual({ principal: "token" });
  token = "second-token-of-home";
  expect(() => authenticate(rotating, "/x", headers)).toThrow(/not valid/);
});

test.each([
  [{ authorization: `Bearer ${KEY}` }, "let in as the key"],
  [{ "x-api-key": KEY }, "let in as the key"],
  [{ "x-api-key": `${KEY.slice(0, -1)}x` }, "AUTH_INVALID"],
  [{ "x-api-key": "gck_over" }, "AUTH_INVALID"],
  [{ "x-api-key": "" }, "AUTH_MISSING"],
  [{ "x-api-key": TOKEN }, "AUTH_INVALID"],
  [{ authorization: "Bearer wrong", "x-api-key": KEY }, "AUTH_INVALID"],
  [{ authorization: `Basic ${KEY}` }, "AUTH_MISSING"],
  [{ authorization: `Basic ${KEY}`, "x-api-key": KEY }, "AUTH_MISSING"],
])(verifies("ACP-003", "a request with %j is %s"), (headers, expected) => {
  const principal = expected === "let in as the key" ? `key:${GRANT.id}` : expected;
  expect(ask({ host, ...headers })).toBe(principal);
});

test("a caller with a key carries what the key grants", () => {
  expect(authenticate(options, "/x", { host, "x-api-key": KEY })).toEqual({
    ...{ principal: `key:${GRANT.id}`, key: GRANT },
  });
});
