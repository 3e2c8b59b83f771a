// No secret survives the redactor, in whatever form it travels.

import fc from "fast-check";
import { expect, test } from "vitest";
import { createRedactor, createValueRedactor, redactData } from "../../../src/telemetry/redact.ts";
import { verifies } from "../../support/verifies.ts";

const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  "in a URL": encodeURIComponent,
  "in base64": (secret) => Buffer.from(secret).toString("base64"),
  "in base64url": (secret) => Buffer.from(secret).toString("base64url"),
  "in JSON": (secret) => JSON.stringify(secret).slice(1, -1),
};

const secrets = fc
  .string({ minLength: 8, maxLength: 60, unit: fc.constantFrom(...'abcXYZ019+/=-_.~!"\\\n %&é🦆') })
  .filter((secret) => secret.isWellFormed() && secret.trim().length >= 8 && !"[redacted]".includes(secret));

test.each(Object.entries(FORMS))(verifies("SEC-005", "a secret %s never survives"), (_name, form) => {
  fc.assert(
    fc.property(secrets, fc.string(), fc.string(), (secret, before, after) => {
      const redact = createRedactor([secret]);
      const clean = redact(`${before} ${form(secret)} ${after}`);
      // What was there without the secret may look like a part of it.
      fc.pre(!`${before} ${after}`.includes(form(secret)));
      expect(clean.includes(form(secret))).toBe(false);
      expect(clean).toContain("[redacted]");
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["base64, 76 to a line", "base64", 76, "\n"],
  ["base64, 64 to a line, as mail has it", "base64", 64, "\r\n"],
  ["hexadecimal, 60 to a line", "hex", 60, "\n"],
] as const)(
  verifies("SEC-005", "a secret goes over the end of a line in %s"),
  (_name, encoding, width, end) => {
    const secret = "canary-7f3a91-do-not-leak-me-ever";
    for (let before = 0; before < 90; before++) {
      const whole = Buffer.from(`${"x".repeat(before)}${secret}${"y".repeat(90)}`).toString(encoding);
      const lines = whole.match(new RegExp(`.{1,${width}}`, "g"))!;
      const clean = createRedactor([secret])(lines.join(end)).replaceAll(end, "");
      expect(Buffer.from(clean.replace("[redacted]", ""), encoding).toString()).not.toMatch(
        /canary|leak-me-ev/,
      );
      expect(clean).toContain("[redacted]");
    }
  },
);

test(verifies("SEC-005", "a URL may write its escapes in small letters"), () => {
  const secret = "pass/word+with=signs";
  const small = encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase());
  expect(createRedactor([secret])(`?key=${small}&x`)).toBe("?key=[redacted]&x");
});

test(verifies("SEC-005", "of two secrets that begin alike neither leaves a tail"), () => {
  const [short, long] = ["secret-of-house", "secret-of-house-number-2"];
  for (const order of [
    [short, long],
    [long, short],
  ] as const) {
    expect(createRedactor(order)(`a ${long} b ${short} c`)).toBe("a [redacted] b [redacted] c");
  }
});

test(verifies("SEC-005", "every occurrence goes, also of keys that were never configured"), () => {
  const redact = createRedactor([]);
  const keys = [
    `sk-${"a1B2".repeat(8)}`,
    `sk-proj-${"a1B2".repeat(8)}`,
    `AIza${"Sy_9".repeat(9)}`,
    `ghp_${"a1B2".repeat(9)}`,
    `xoxb-${"1234-".repeat(4)}abc`,
  ];
  for (const key of keys) {
    expect(redact(`one ${key}, two ${key}.`)).not.toContain(key);
  }
  expect(redact(`Authorization: Bearer ${"t0k3n".repeat(5)}`)).toBe("Authorization: [redacted]");
});

test("what is no secret stays as it is", () => {
  const redact = createRedactor(["", "short", "long-enough-secret"]);
  for (const text of [
    "",
    "short",
    "a task with 3 words",
    "sk-1",
    "Bearer of news",
    "risk-averse-and-otherwise-fine",
  ]) {
    expect(redact(text)).toBe(text);
  }
});

test("it redacts what would be a special pattern as plain text", () => {
  expect(createRedactor(["a.c*(d)$&"])("x a.c*(d)$& y abc")).toBe("x [redacted] y abc");
});

test("it stays linear on long texts", () => {
  const redact = createRedactor(Array.from({ length: 20 }, (_, index) => `secret-number-${index}`));
  const long = "Bearer aaaa sk- ".repeat(100_000);
  expect(redact(long)).toHaveLength(long.length);
});

test(verifies("SEC-005", "a secret inside a longer text shows in none of its base64 forms"), () => {
  const secret = "canary-4711-do-not-leak";
  const redact = createRedactor([secret]);
  for (const before of ["", "a", "ab", "abc", "abcd"]) {
    for (const alphabet of ["base64", "base64url", "hex"] as const) {
      const text = Buffer.from(`${before}${secret}tail`).toString(alphabet);
      const decoded = Buffer.from(redact(text).replace("[redacted]", ""), alphabet).toString();
      expect(decoded).not.toContain(secret.slice(3, -3));
      expect(redact(text)).toContain("[redacted]");
    }
  }
});

test(
  verifies(
    "SEC-005",
    "plain data is cleaned through and through, and left alone when there is nothing to hide",
  ),
  () => {
    const hide = createValueRedactor(["canary-4711-do-not-leak"]);
    const data = { a: "x", b: [1, null, { c: "say canary-4711-do-not-leak" }], d: { e: true } };
    expect(redactData(data, hide)).toEqual({ a: "x", b: [1, null, { c: "say [redacted]" }], d: { e: true } });
    const plain = { a: ["sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] };
    expect(redactData(plain, hide)).toBe(plain);
  },
);
