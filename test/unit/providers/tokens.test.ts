// Token counts: exact for OpenAI's families, on the high side for the rest, and quick for texts that were seen before.

import { expect, test } from "vitest";
import {
  countMessage,
  countMethodOf,
  ESTIMATE,
  MESSAGE_TOKENS,
  openCounter,
} from "../../../src/providers/tokens.ts";

test.each([
  ["gpt-4o-mini", "o200k_base"],
  ["gpt-4.1", "o200k_base"],
  ["openai/gpt-5", "o200k_base"],
  ["o3", "o200k_base"],
  ["gpt-4-turbo", "cl100k_base"],
  ["gpt-3.5-turbo", "cl100k_base"],
  ["claude-sonnet-4-5-20250929", "estimate"],
  ["orca-mini", "estimate"],
  ["m", "estimate"],
])("%s is counted with %s", (model, method) => {
  expect(countMethodOf(model)).toBe(method);
});

test("a text has the tokens that OpenAI's encodings give it", async () => {
  const [o200k, cl100k] = [await openCounter("gpt-4o"), await openCounter("gpt-4")];
  expect([o200k.countText("hello world"), cl100k.countText("hello world")]).toEqual([2, 2]);
  expect(cl100k.countText("antidisestablishmentarianism")).toBe(6);
  expect([o200k.countText(""), o200k.countText("a<|endoftext|>b")]).toEqual([0, 9]);
});

test("the estimate is above the exact count of prose and Chinese, and near that of dense code", async () => {
  const o200k = await openCounter("gpt-4o");
  const code = 'const clock = createClock({ nowMs: () => 1_700_000_000 }); // "a comment"\n'.repeat(20);
  expect(ESTIMATE.countText(code)).toBeGreaterThan(0.9 * o200k.countText(code));
  for (const text of ["The lazy dog slept in the sun. ".repeat(50), "我們今天去看海。".repeat(50)]) {
    expect(ESTIMATE.countText(text)).toBeGreaterThanOrEqual(o200k.countText(text));
  }
});

test("calls, images and what a vendor wants back count too", () => {
  const toolCalls = [{ id: "c", name: "now", argumentsText: '{"zone":"UTC"}' }];
  const continuation = { type: "t", data: "x".repeat(30) };
  const message = { role: "assistant", text: "", toolCalls, continuation } as const;
  expect(countMessage(ESTIMATE, message)).toBe(2 * MESSAGE_TOKENS + 1 + 5 + 10);
  const image = { mediaType: "image/png", base64: "" };
  const shown = countMessage(ESTIMATE, { role: "user", text: "", images: [image] });
  expect(shown).toBeGreaterThan(1_000);
  const parts = [
    { type: "image" as const, ...image },
    { type: "text" as const, text: "" },
    { type: "image_url" as const, url: "https://x.example/a.png" },
  ];
  expect(countMessage(ESTIMATE, { role: "user", text: "", parts })).toBe(2 * shown - MESSAGE_TOKENS);
});
