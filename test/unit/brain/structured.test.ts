// The verdict about one answer: it depends on the answer, the schema and the number of askings, and on nothing else.

import { describe, expect, test } from "vitest";
import { judge, schemaFault, soulFor } from "../../../src/brain/structured.ts";
import type { OutputSpec } from "../../../src/domain/output.ts";
import { answerOf } from "../../support/inputs.ts";

const output = (schema: OutputSpec["schema"], maxRetries = 2): OutputSpec => ({
  name: "answer",
  schema,
  maxRetries,
});
const POINT = output({ type: "object", properties: { x: { type: "number" } }, required: ["x"] });

describe("judge", () => {
  test("takes the first piece that fits, not the first piece", async () => {
    const verdict = await judge(POINT, answerOf('As said [1], {"y":1} is wrong, {"x":1} is right.'), 0);
    expect(verdict).toEqual({ type: "result", result: { text: '{"x":1}', structured: { x: 1 } } });
  });

  test("a value that is null, false or a number is an answer like any other", async () => {
    for (const text of ["null", "false", "0", '""']) {
      const result = { text, structured: JSON.parse(text) as unknown };
      expect(await judge(output({}), answerOf(text), 0)).toEqual({ type: "result", result });
    }
  });

  test("asks again with what is wrong about the piece that was meant", async () => {
    const verdict = await judge(POINT, answerOf('See [1]: {"x":"one"}'), 1);
    expect(verdict).toMatchObject({
      type: "again",
      messages: [
        { role: "assistant", text: 'See [1]: {"x":"one"}' },
        { role: "user", text: expect.stringContaining("/x must be number") },
      ],
    });
  });

  test("says that an answer was cut off, and leaves an empty one out of the conversation", async () => {
    const verdict = await judge(POINT, answerOf("", { stopReason: "length" }), 0);
    expect(verdict).toMatchObject({ type: "again", messages: [{ role: "user" }] });
    expect(JSON.stringify(verdict)).toContain("cut off");
  });

  test("gives up after max_retries, with the violations", async () => {
    const verdict = await judge(POINT, answerOf("{}"), 2);
    expect(verdict).toMatchObject({ type: "failed", code: "STRUCTURED_OUTPUT_INVALID" });
    expect(JSON.stringify(verdict)).toMatch(/asked 3 times.*must have required property 'x'/);
    expect(await judge(output({ type: "string" }, 0), answerOf("{}"), 0)).toMatchObject({ type: "failed" });
  });

  test("a pattern that never ends is stopped, and ends the task", async () => {
    const slow = output({ type: "string", pattern: "^(a+)+$" });
    const verdict = await judge(slow, answerOf(`"${"a".repeat(60)}b"`), 0);
    expect(verdict).toMatchObject({ type: "failed", message: expect.stringContaining("timed out") });
    expect(await judge(slow, answerOf('"aaa"'), 0)).toMatchObject({ type: "result" });
  });

  test("lists a bounded number of violations", async () => {
    const schema = output({ type: "array", items: { type: "string" } });
    const verdict = JSON.stringify(await judge(schema, answerOf(JSON.stringify(Array(5_000).fill(1))), 0));
    expect(verdict).toContain("and 4980 more");
  });
});

describe("schemas", () => {
  test("2020-12 holds, and what generators add to a schema does not matter", async () => {
    const tuple = output({ prefixItems: [{ type: "string" }], items: false, "x-made-by": "a generator" });
    expect(await judge(tuple, answerOf('["a"]'), 0)).toMatchObject({ type: "result" });
    expect(await judge(tuple, answerOf('["a", 1]'), 0)).toMatchObject({ type: "again" });
    const draft7 = { $schema: "http://json-schema.org/draft-07/schema#", type: "integer" };
    expect(await schemaFault(draft7)).toBeUndefined();
    expect(await judge(output({ type: "string", format: "date" }), answerOf('"soon"'), 0)).toMatchObject({
      type: "again",
    });
  });

  test("two schemas with one $id do not get into each other's way", async () => {
    const named = (type: string) => output({ $id: "urn:goclaw:one", type });
    expect(await judge(named("string"), answerOf('"a"'), 0)).toMatchObject({ type: "result" });
    expect(await judge(named("number"), answerOf("1"), 0)).toMatchObject({ type: "result" });
    expect(await judge(named("number"), answerOf('"a"'), 0)).toMatchObject({ type: "again" });
  });

  test("a recursive schema holds, and one that is none says why", async () => {
    const tree = output({ $ref: "#/$defs/t", $defs: { t: { type: "array", items: { $ref: "#/$defs/t" } } } });
    expect(await judge(tree, answerOf("[[],[[]]]"), 0)).toMatchObject({ type: "result" });
    expect(await schemaFault({ type: "strin" })).toContain("type");
    expect(await schemaFault({ $ref: "#/$defs/none" })).toContain("none");
    expect(await schemaFault({ pattern: "(" })).toBeDefined();
  });
});

test("the model is told the schema after the agent's words; without a schema nothing changes", () => {
  expect(soulFor("Be kind.", null)).toBe("Be kind.");
  expect(soulFor("Be kind.", POINT)).toMatch(/^Be kind\.\n\n.*JSON Schema:\n\{"type":"object"/s);
  expect(soulFor("", POINT)).not.toMatch(/^\n/);
});
