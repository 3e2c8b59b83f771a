// What is odd and no mistake: the owner is told, and nothing is refused.

import { expect, test } from "vitest";
import { warningsOf } from "../../../src/config/warnings.ts";
import { load } from "./home.ts";

const warned = (provider: string): string[] => warningsOf(load(`providers: { local: ${provider} }`));

test("a setting that only another type honours is said to be ignored", () => {
  expect(warned("{ base_url: 'http://127.0.0.1:11434/v1', num_ctx: 8192 }")).toEqual([
    "providers.local.num_ctx is ignored: it belongs to the type ollama, and this provider is openai_compatible — remove it, or set type: ollama",
  ]);
  const google =
    "{ type: google, base_url: 'http://127.0.0.1:1', max_tokens: 5, thinking_tokens: 2048, reasoning_summary: auto }";
  expect(warned(google).map((line) => line.split(" ")[0])).toEqual([
    "providers.local.max_tokens",
    "providers.local.thinking_tokens",
    "providers.local.reasoning_summary",
  ]);
});

test("where it is honoured nothing is said", () => {
  for (const provider of [
    "{ type: ollama, base_url: 'http://127.0.0.1:1', num_ctx: 8192 }",
    "{ type: anthropic, base_url: 'http://127.0.0.1:1', max_tokens: 5, thinking_tokens: 2048 }",
    "{ base_url: 'http://127.0.0.1:1', reasoning_summary: auto }",
  ])
    expect(warned(provider)).toEqual([]);
});
