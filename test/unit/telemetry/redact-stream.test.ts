// A secret that arrives in pieces is never shown, wherever the pieces are cut, and nothing else changes.

import fc from "fast-check";
import { expect, test } from "vitest";
import { createValueRedactor, secretForms } from "../../../src/telemetry/redact.ts";
import { createStreamRedactor } from "../../../src/telemetry/redact-stream.ts";
import { verifies } from "../../support/verifies.ts";

const OWN_KEY = `gck_0123456789ab_${"Kk-_9".repeat(9).slice(0, 43)}`;
const SECRETS = ["canary-4711-leak", "canary-47-other"];
const hide = createValueRedactor(SECRETS);
const create = createStreamRedactor(secretForms(SECRETS), hide);

function stream(pieces: readonly string[]): { shown: string[]; whole: string } {
  const redactor = create();
  const shown = [...pieces.map((piece) => redactor.push(piece)), redactor.flush()];
  return { shown, whole: shown.join("") };
}

test(verifies("SEC-005", "cut anywhere, the whole is what redacting it at once gives"), () => {
  const word = fc.constantFrom(
    "canary",
    "-47",
    "11-leak",
    "-other",
    "canary-4711-leak",
    "canary-47-other",
    OWN_KEY,
    OWN_KEY.slice(0, 30),
    OWN_KEY.slice(30),
    "gck_",
    " ",
    "x",
    "c",
  );
  const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(40), { maxLength: 20 }), (whole, cuts) => {
      const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
      expect(stream(pieces).whole).toBe(hide(whole));
    }),
    { numRuns: 2_000 },
  );
});

test("text without a beginning of a secret passes at once", () => {
  expect(stream(["hello ", "world"]).shown).toEqual(["hello ", "world", ""]);
  expect(stream(["a c", "at"]).shown).toEqual(["a ", "cat", ""]);
});
