// One suite over every provider in the registry: what any of them must make of an answer, whatever its vendor sends.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callModel } from "../../src/brain/call.ts";
import { openProvider } from "../../src/providers/index.ts";
import { verifies } from "../support/verifies.ts";
import {
  errorOf,
  type ProviderRig,
  partsOf,
  REQUEST,
  RIGS,
  type RigName,
  shapeFaults,
  textOf,
} from "./provider-rigs.ts";

const TYPES = Object.keys(RIGS) as RigName[];

describe.each(TYPES)("a provider of type %s", (type) => {
  let rig: ProviderRig;
  beforeAll(async () => {
    rig = await RIGS[type]();
  });
  afterAll(() => rig.close());

  const answer = async (wanted: Parameters<ProviderRig["giving"]>[0], bytes?: number) => {
    const provider = rig.giving(wanted, bytes);
    const signal = new AbortController().signal;
    const called = await callModel(provider, REQUEST, signal, { onText: () => {}, onSeam: () => {} });
    if (!called.ok) throw new Error(called.failure.message);
    return called.answer;
  };

  test(verifies("BRN-001", "gives text in pieces that join to the whole, then one end"), async () => {
    const parts = await partsOf(rig.giving({ text: "two words" }));
    expect(shapeFaults(parts)).toEqual([]);
    expect(textOf(parts)).toBe("two words");
    expect(parts.at(-1)).toMatchObject({ type: "end", stopReason: "stop" });
  });

  test("an empty answer is an answer", async () => {
    const parts = await partsOf(rig.giving({ text: "" }));
    expect(shapeFaults(parts)).toEqual([]);
    expect(parts.at(-1)).toMatchObject({ type: "end", stopReason: "stop" });
    expect(textOf(parts)).toBe("");
  });

  test("a tool call has name and arguments and stops for tools", async () => {
    const { toolCalls, stopReason } = await answer({
      text: "",
      calls: [{ name: "now", args: { zone: "UTC" } }],
    });
    expect(stopReason).toBe("tool_calls");
    expect(toolCalls).toHaveLength(1);
    expect(toolCalls[0]).toMatchObject({ name: "now" });
    expect(JSON.parse(toolCalls[0]!.argumentsText)).toEqual({ zone: "UTC" });
  });

  test("parallel calls keep their order, their ids and their own arguments", async () => {
    const calls = [1, 2, 3].map((n) => ({ name: `tool_${n}`, args: { n, text: `number ${n} "quoted" {}` } }));
    const { text, toolCalls } = await answer({ text: "first some words", calls });
    expect(text).toBe("first some words");
    expect(toolCalls.map(({ name }) => name)).toEqual(calls.map(({ name }) => name));
    expect(toolCalls.map(({ argumentsText }) => JSON.parse(argumentsText))).toEqual(
      calls.map(({ args }) => args),
    );
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(3);
  });

  test("usage is what was reported, and null when nothing was", async () => {
    const { usage } = await answer({ text: "x", usage: { input: 11, output: 7 } });
    expect(usage).toMatchObject({ inputTokens: 11, outputTokens: 7, cachedTokens: 0 });
    expect((await answer({ text: "x" })).usage).toBeNull();
  });

  test("characters survive being cut anywhere between their bytes", async () => {
    const text = "žluťoučký 日本語 🦆👩‍👩‍👧 end";
    for (const bytes of [1, 2, 3, 5]) expect((await answer({ text }, bytes)).text).toBe(text);
  });

  test("any text comes through as it was", { timeout: 30_000 }, async () => {
    const texts = fc
      .string({ unit: "binary", minLength: 1, maxLength: 60 })
      .filter((it) => it.isWellFormed());
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect((await answer({ text })).text).toBe(text);
      }),
      { numRuns: 60 },
    );
  });

  test("text of blanks alone is text", async () => {
    for (const text of [" ", "\n\n", " \t "]) expect((await answer({ text })).text).toBe(text);
  });

  test("a call that is aborted before it begins ends as aborted", async () => {
    const parts = await partsOf(rig.giving({ text: "some words" }), REQUEST, AbortSignal.abort("canceled"));
    expect(shapeFaults(parts)).toEqual([]);
    expect(errorOf(parts)?.errorClass).toBe("aborted");
    expect(textOf(parts)).toBe("");
  });

  test("a call that is aborted between two pieces ends as aborted", async () => {
    const control = new AbortController();
    const parts = [];
    for await (const part of rig
      .giving({ text: "one two three four five" }, 40)
      .stream(REQUEST, control.signal)) {
      parts.push(part);
      control.abort("canceled");
    }
    expect(shapeFaults(parts)).toEqual([]);
    expect(errorOf(parts)?.errorClass).toBe("aborted");
  });

  test("one that is not configured says what is missing, on every call", async () => {
    const missingReason = "set OPENAI_API_KEY";
    const settings = { id: "lab", apiKey: undefined, missingReason, baseUrl: undefined, timeoutMs: 1 };
    const kind = type === "responses" ? ({ type: "openai_compatible", api: type } as const) : { type };
    const provider = openProvider({ ...settings, ...kind }, { loadCassette: () => undefined });
    for (const parts of [await partsOf(provider), await partsOf(provider)]) {
      expect(parts).toEqual([
        { type: "error", errorClass: "not_configured", message: missingReason, afterMs: 0 },
      ]);
    }
  });
});
