// What a vendor signed finds its way back to the answer that a client repeats, and to nobody else's.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Message, ToolCall } from "../../../src/domain/message.ts";
import type { TaskKind } from "../../../src/domain/task.ts";
import { recordAnswer } from "../../../src/journal/answers.ts";
import { loadPassage } from "../../../src/journal/passage.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { answerOf, claimInput, enqueueInput } from "../../support/inputs.ts";

let writer: InlineWriter;
beforeEach(() => {
  writer = openInlineWriter();
});
afterEach(() => writer.close());

const CALL: ToolCall = { id: "c", name: "now", argumentsText: '{ "city": "Oslo" }' };
const continuation = (data: string) => ({ type: "google", data });

/** A task that was answered with `CALL`, signed. */
function answered(id: string, kind: TaskKind, keyId: string | null, data: string): void {
  writer.call(enqueue, enqueueInput(id, { kind, keyId }));
  const [task] = writer.call(claim, claimInput());
  const answer = answerOf("so", { toolCalls: [CALL], continuation: continuation(data) });
  writer.call(recordAnswer, { taskId: id, fence: task!.fence, turn: 0, answer, costUsd: null });
}

/** What the assistant's message of a client's history brings with it. */
function recalled(keyId: string | null, text = "so", call: ToolCall = CALL): unknown {
  const messages: Message[] = [{ role: "assistant", text, toolCalls: [call] }];
  const passage = JSON.stringify({ messages });
  const id = `asks ${keyId} ${text} ${JSON.stringify(call)}`;
  writer.call(enqueue, enqueueInput(id, { kind: "passthrough", keyId, passage }));
  const [message] = loadPassage(writer.reader, { id, keyId })!.messages;
  return message?.role === "assistant" && message.continuation?.data;
}

test("of the same words the latest answer's is taken, however the arguments are spaced", () => {
  answered("one", "passthrough", null, "old");
  writer.clock.pass(1);
  answered("two", "passthrough", null, "new");
  expect(recalled(null)).toBe("new");
  expect(recalled(null, "so", { ...CALL, argumentsText: '{"city":"Oslo"}' })).toBe("new");
});

test("other words, other calls and other keys find nothing", () => {
  answered("one", "passthrough", "key-a", "a");
  expect(recalled("key-a")).toBe("a");
  expect(recalled("key-b")).toBeUndefined();
  expect(recalled(null)).toBeUndefined();
  expect(recalled("key-a", "so ")).toBeUndefined();
  for (const other of [{ id: "d" }, { name: "then" }, { argumentsText: '{"city":"Rome"}' }])
    expect(recalled("key-a", "so", { ...CALL, ...other })).toBeUndefined();
});

test("an agent's answers are not the client's own, and are not found", () => {
  answered("agent", "chat", null, "agent");
  expect(recalled(null)).toBeUndefined();
});
