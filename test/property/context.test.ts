// Context for any conversation: the request fits, nothing is lost unread, calls keep their results, and the newest
// messages stay as they were.

import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { prepareContext } from "../../src/brain/context.ts";
import { roomFor } from "../../src/brain/window.ts";
import type { Message } from "../../src/domain/message.ts";
import { countMessages, ESTIMATE, openCounter } from "../../src/providers/tokens.ts";
import { askIn, type Said, turnOf } from "../support/context-bench.ts";
import { openInlineWriter } from "../support/inline-writer.ts";
import { verifies } from "../support/verifies.ts";

const writer = openInlineWriter();
afterAll(() => writer.close());

const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 600 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
);
const letters = fc.constantFrom("a lazy dog ", "x", "é", "漢", "😀", "7f3a");
const bodies = fc.tuple(sizes, letters).map(([size, letter]) => letter.repeat(size / letter.length));
const histories = fc.array(bodies, { maxLength: 60 });
const windows = fc.integer({ min: 2_048, max: 32_768 });
const rounds = fc.array(fc.array(bodies, { minLength: 1, maxLength: 3 }), { maxLength: 4 });

/** One character of its own for each message, so that no cut can part it. */
const markOf = (index: number): string => String.fromCharCode(0xe000 + index);

/** Messages with a mark at their end, so that it shows when one is lost or read in part. */
const marked = (texts: readonly string[]): Said[] =>
  texts.map((text, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    text: `<${text}${markOf(index)}`,
  }));

const textsOf = (messages: readonly Message[]): string => messages.map(({ text }) => text).join("\n");

const TITLE = verifies("BRN-004", "any conversation fits its window, and every message was read or is there");

test.each([
  ["m", 150],
  ["gpt-4o", 50],
])(`${TITLE}, with the tokens of %s`, async (model, numRuns) => {
  const exact = await openCounter(model);
  await fc.assert(
    fc.asyncProperty(histories, rounds, windows, async (texts, results, window) => {
      writer.clear();
      const history = marked(texts);
      const turns = results.flatMap((round, nth) => turnOf(round, nth));
      const { ports, requests } = askIn(writer, history, "the prompt", { contextLimit: window, model });
      const prepared = await prepareContext(ports, results.length, turns);
      const room = roomFor(ports.purse.catalog, ports.links, window, {});
      for (const request of requests) {
        const answer = request.sampling.maxTokens ?? 0;
        expect(countMessages(exact, request.messages) + answer).toBeLessThanOrEqual(window);
      }
      if ("outcome" in prepared) throw new Error(JSON.stringify(prepared.outcome));
      const { messages, shown } = prepared;
      const counter = shown.countedBy === "estimate" ? ESTIMATE : exact;
      expect(shown.tokens).toBe(countMessages(counter, messages));
      expect(shown.tokens).toBeLessThanOrEqual(room.inputTokens);
      const read = textsOf([...requests.flatMap((request) => request.messages), ...messages]);
      for (const index of history.keys()) expect(read).toContain(markOf(index));
      expectRecentIntact(messages, history, turns.length);
      expectPairs(messages, turns);
    }),
    { numRuns },
  );
});

/** What is left of the conversation is its end, word for word, before the prompt and the task's own turns. */
function expectRecentIntact(messages: readonly Message[], history: readonly Said[], turns: number): void {
  const past = messages
    .slice(0, messages.length - turns - 1)
    .filter((message) => message.text.startsWith("<"));
  expect(past.map(({ text }) => text)).toEqual(
    history.slice(history.length - past.length).map(({ text }) => text),
  );
  expect(messages.at(-turns - 1)?.text).toBe("the prompt");
}

/** The same calls with their results in the same order; only texts of results may be shorter, and say so. */
function expectPairs(messages: readonly Message[], turns: readonly Message[]): void {
  const own = turns.length === 0 ? [] : messages.slice(-turns.length);
  const shape = (message: Message) =>
    message.role === "tool" ? message.callId : message.role === "assistant" ? message.toolCalls : message;
  expect(own.map(shape)).toEqual(turns.map(shape));
  for (const [index, { text }] of own.entries()) {
    const before = turns[index]?.text ?? "";
    if (text !== before) expect(text).toMatch(/\n\[cut: \d+ characters/);
  }
}
