// Answers in the journal: whole, once a turn, counted once, and read back as they were.

import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Answer } from "../../../src/domain/message.ts";
import { finish } from "../../../src/engine/finish.ts";
import { loadAnswers, recordAnswer, resultText } from "../../../src/journal/answers.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { findTaskById } from "../../../src/store/tasks.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { answerOf, claimInput, enqueueInput } from "../../support/inputs.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
let fence: { taskId: string; fence: number };
beforeEach(() => {
  writer = openInlineWriter();
  writer.call(enqueue, enqueueInput("t1"));
  const [task] = writer.call(claim, claimInput());
  fence = { taskId: "t1", fence: task!.fence };
});
afterEach(() => writer.close());

const record = (turn: number, answer: Answer): boolean =>
  writer.call(recordAnswer, { ...fence, turn, answer, costUsd: null });
const usage = { inputTokens: 10, outputTokens: 4, cachedTokens: 2 };

test(verifies("BRN-002", "what was recorded is read back as it was"), () => {
  const answers = [
    answerOf("", {
      toolCalls: [{ id: "c", name: "now", argumentsText: '{"bad json' }],
      stopReason: "tool_calls",
      usage,
    }),
    answerOf("  žluť \u2028 🦆\0 ", { stopReason: "length" }),
  ];
  for (const [turn, answer] of answers.entries()) expect(record(turn, answer)).toBe(true);
  expect(loadAnswers(writer.reader, "t1")).toMatchObject(answers);
});

test(
  verifies("BRN-002", "an answer that is sent again, because its commit was thought lost, is recorded once"),
  () => {
    expect(record(0, answerOf("x", { usage }))).toBe(true);
    expect(record(0, answerOf("x", { usage }))).toBe(true);
    expect(loadAnswers(writer.reader, "t1")).toHaveLength(1);
    expect(findTaskById(writer.reader, "t1")?.usage).toMatchObject(usage);
    expect(writer.published.filter(({ type }) => type === "model.end")).toHaveLength(1);
  },
);

test(
  verifies(
    "PER-004",
    "the end of a task is its last answer, its message, its usage and its state in one commit",
  ),
  () => {
    record(0, answerOf("first", { usage, toolCalls: [{ id: "c", name: "now", argumentsText: "{}" }] }));
    const before = writer.published.length;
    const lastAnswer = { turn: 1, answer: answerOf("second", { usage }), costUsd: null };
    expect(writer.call(finish, { ...fence, result: { text: "first\n\nsecond" }, lastAnswer })).toBe(true);
    expect(writer.published.slice(before).map(({ type }) => type)).toEqual(["model.end", "task.succeeded"]);
    expect(findTaskById(writer.reader, "t1")).toMatchObject({
      state: "SUCCEEDED",
      result: { text: "first\n\nsecond" },
      usage: { inputTokens: 20, outputTokens: 8, cachedTokens: 4 },
    });
  },
);

test("the result is the text of the turns that have any, a blank line between", () => {
  const texts = fc.array(fc.string({ maxLength: 5 }), { maxLength: 5 });
  fc.assert(
    fc.property(texts, (all) => {
      const result = resultText(all.map((text) => answerOf(text)));
      expect(result).toBe(all.filter((text) => text !== "").join("\n\n"));
    }),
  );
});
