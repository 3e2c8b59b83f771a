// How many tokens a request has: counted with the vendor's own encoding for OpenAI's families, estimated otherwise, and
// the estimate set right where the vendor counted. An encoding is 100 MB of memory, so it is loaded when a count can
// decide something, never at start.

import { hash } from "node:crypto";
import type { Message, ToolSpec } from "../domain/message.ts";

export type CountMethod = Encoded | "vendor" | "estimate";
type Encoded = "o200k_base" | "cl100k_base";

export interface TokenCounter {
  readonly method: CountMethod;
  countText(text: string): number;
}

const FAMILIES: readonly (readonly [pattern: RegExp, method: Encoded])[] = [
  [/^(gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|chatgpt-4o|o[1-9])/, "o200k_base"],
  [/^(gpt-4|gpt-3\.5)/, "cl100k_base"],
];

/** How tokens of a model are counted; a vendor before the name, as OpenRouter writes it, does not matter. */
export function countMethodOf(model: string): Encoded | "estimate" {
  const name = model.slice(model.lastIndexOf("/") + 1);
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? "estimate";
}

export const BYTES_PER_TOKEN = 3;

/**
 * Three bytes to a token: on the high side for prose, about even for dense code, too low for random digits and letters
 * (hex, base64: about two). Compaction begins at three quarters of the room, which is the margin for that.
 */
export const ESTIMATE: TokenCounter = {
  method: "estimate",
  countText: (text) => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN),
};

/** No text has more than a token a byte, and hardly one has fewer than one in a dozen. */
const LEAST_FACTOR = 0.25;

/** The estimate, times what the vendor's own count of a whole request was of it. */
export function scaled(factor: number): TokenCounter {
  const kept = Math.min(BYTES_PER_TOKEN, Math.max(LEAST_FACTOR, factor));
  return {
    method: "vendor",
    countText: (text) => Math.ceil((Buffer.byteLength(text) / BYTES_PER_TOKEN) * kept),
  };
}

const counters = new Map<CountMethod, Promise<TokenCounter>>();

/** The counter of a model; loads its encoding on first use (about 0.15 s). */
export function openCounter(model: string): Promise<TokenCounter> {
  const method = countMethodOf(model);
  let counter = counters.get(method);
  if (counter === undefined) {
    counter = loadCounter(method);
    counters.set(method, counter);
  }
  return counter;
}

async function loadCounter(method: Encoded | "estimate"): Promise<TokenCounter> {
  switch (method) {
    case "estimate":
      return ESTIMATE;
    case "o200k_base":
      return exact(method, await import("gpt-tokenizer/encoding/o200k_base"));
    case "cl100k_base":
      return exact(method, await import("gpt-tokenizer/encoding/cl100k_base"));
  }
}

interface Encoding {
  countTokens(text: string, options: { readonly disallowedSpecial: Set<string> }): number;
}

/** Encoding is quadratic in a run without spaces, so text is counted in pieces; a cut adds a token at most. */
const PIECE_UNITS = 2_000;
const NOTHING_SPECIAL = { disallowedSpecial: new Set<string>() };

function exact(method: CountMethod, encoding: Encoding): TokenCounter {
  const remembered = createMemory();
  return {
    method,
    countText: (text) =>
      remembered(text, () => {
        let tokens = 0;
        for (let at = 0; at < text.length; at += PIECE_UNITS) {
          tokens += encoding.countTokens(text.slice(at, at + PIECE_UNITS), NOTHING_SPECIAL);
        }
        return tokens;
      }),
  };
}

const REMEMBERED_TEXTS = 20_000;

/** Counts of texts seen before, by hash: a long conversation is counted once, not at every turn. */
function createMemory(): (text: string, count: () => number) => number {
  const known = new Map<string, number>();
  return (text, count) => {
    const key = hash("sha1", text, "base64");
    const before = known.get(key);
    if (before !== undefined) return before;
    const tokens = count();
    const [oldest] = known.keys();
    if (known.size >= REMEMBERED_TEXTS && oldest !== undefined) known.delete(oldest);
    known.set(key, tokens);
    return tokens;
  };
}

/** What a message costs beside its text: role, separators, ids. */
export const MESSAGE_TOKENS = 8;
const IMAGE_TOKENS = 1_600;

export function countMessage(counter: TokenCounter, message: Message): number {
  let tokens = MESSAGE_TOKENS + counter.countText(message.text);
  if (message.role === "user") tokens += imagesOf(message) * IMAGE_TOKENS;
  if (message.role !== "assistant") return tokens;
  for (const { name, argumentsText } of message.toolCalls) {
    tokens += MESSAGE_TOKENS + counter.countText(name) + counter.countText(argumentsText);
  }
  return message.continuation === undefined ? tokens : tokens + counter.countText(message.continuation.data);
}

function imagesOf({ images = [], parts }: Extract<Message, { role: "user" }>): number {
  return parts === undefined ? images.length : parts.filter(({ type }) => type !== "text").length;
}

export function countMessages(counter: TokenCounter, messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + countMessage(counter, message), 0);
}

export function countTools(counter: TokenCounter, tools: readonly ToolSpec[]): number {
  return tools.reduce((sum, tool) => sum + MESSAGE_TOKENS + counter.countText(JSON.stringify(tool)), 0);
}
