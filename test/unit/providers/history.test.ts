// Ids of tool calls across vendors: legal, unique, and the same for the same history.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Message } from "../../../src/domain/message.ts";
import { argumentsObject, createCallIds, withLegalIds } from "../../../src/providers/history.ts";

const LEGAL = /^[a-z0-9_]{1,12}$/;

const turn = (...ids: string[]): Message[] => [
  {
    role: "assistant",
    text: "",
    toolCalls: ids.map((id) => ({ id, name: "t", argumentsText: "{}" })),
  },
  ...ids.map((callId) => ({ role: "tool" as const, callId, name: "t", text: "r" })),
];

const callsOf = (messages: readonly Message[]): string[] =>
  messages.flatMap((message) => (message.role === "assistant" ? message.toolCalls.map(({ id }) => id) : []));
const resultsOf = (messages: readonly Message[]): string[] =>
  messages.flatMap((message) => (message.role === "tool" ? [message.callId] : []));

test("any history comes out with ids that occur once, each result at its call", () => {
  const id = fc.oneof(
    fc.constantFrom("call_0", "call_1", "a|b", "", "abcdefghijkl"),
    fc.string({ maxLength: 12 }),
  );
  const history = fc.array(fc.uniqueArray(id, { maxLength: 4 }), { maxLength: 6 });
  fc.assert(
    fc.property(history, (turns) => {
      const before = turns.flatMap((ids) => turn(...ids));
      const after = withLegalIds(before, LEGAL);
      const calls = callsOf(after);
      expect(new Set(calls).size).toBe(calls.length);
      expect(calls.filter((each) => !LEGAL.test(each))).toEqual([]);
      expect(resultsOf(after)).toEqual(calls);
      expect(withLegalIds(before, LEGAL)).toEqual(after);
    }),
  );
});

test("a legal id that occurs once stays as it is", () => {
  expect(callsOf(withLegalIds(turn("abc", "d_1"), LEGAL))).toEqual(["abc", "d_1"]);
});

test("given ids stay, twins and calls without an id get one of their own", () => {
  const next = createCallIds(turn("call_1", "x"));
  expect(["a", "a", undefined, null, "", "call_2"].map(next)).toEqual([
    ...["a", "a_2", "call_4", "call_5", "call_6", "call_2"],
  ]);
});

test.each([
  ['{"a":1}', { a: 1 }],
  ["", {}],
  ["[1]", { invalid_arguments: "[1]" }],
  ["nul", { invalid_arguments: "nul" }],
  ["null", { invalid_arguments: "null" }],
])("arguments %j as an object", (argumentsText, expected) => {
  expect(argumentsObject({ id: "i", name: "n", argumentsText })).toEqual(expected);
});
