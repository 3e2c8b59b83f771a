// One suite over every vendor: what a good answer becomes, however its bytes are cut. The official SDKs talk to scripted
// servers that speak the vendors' own wire formats.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, collect } from "../../support/vendors/collect.ts";
import { type Said, USAGE } from "../../support/vendors/dialect.ts";
import { DIALECTS } from "../../support/vendors/dialects.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";

describe.each(DIALECTS)("$type", (dialect) => {
  let server: VendorServer;
  beforeAll(async () => {
    server = await startVendor(dialect.aside);
  });
  afterAll(() => server.close());

  const say = (said: Said, pieceBytes = Number.POSITIVE_INFINITY): void =>
    server.use(async (out) => {
      out.head(dialect.contentType);
      await out.cut(dialect.events(said).join(""), Math.min(pieceBytes, 1 << 20));
      out.end();
    });
  const open = () => dialect.open(server.origin, 10_000);

  test("text arrives piece by piece and ends with its stop reason and model", async () => {
    say({ text: ["Grüße, ", "Welt", "! "] });
    const got = await collect(open());
    expect(got.text).toBe("Grüße, Welt! ");
    expect(got.parts.filter(({ type }) => type === "text.delta")).toHaveLength(3);
    expect(got.end).toMatchObject({ type: "end", stopReason: "stop" });
    expect(got.end?.model).not.toBe("");
    expect(got.calls).toEqual([]);
  });

  test("an empty answer is an answer", async () => {
    say({});
    expect(await collect(open())).toMatchObject({ text: "", end: { stopReason: "stop" }, error: undefined });
  });

  test("an answer that ran into its limit says so", async () => {
    say({ text: ["half"], stop: "length" });
    expect((await collect(open())).end?.stopReason).toBe("length");
  });

  test("usage counts all input, and of it what the cache gave", async () => {
    say({ text: ["x"], usage: USAGE });
    const { usage } = await collect(open());
    const has = (name: keyof typeof USAGE): number => (dialect.counts.includes(name) ? USAGE[name] : 0);
    expect(usage).toMatchObject({ inputTokens: USAGE.input, outputTokens: USAGE.output });
    expect(usage?.cachedTokens).toBe(has("cached"));
    expect(usage?.cacheWriteTokens ?? 0).toBe(has("cacheWrite"));
    expect(usage?.reasoningTokens ?? 0).toBe(has("reasoning"));
  });

  test("reasoning is apart from the text", async () => {
    say({ reasoning: ["let me ", "think"], text: ["42"] });
    expect(await collect(open())).toMatchObject({ reasoning: "let me think", text: "42" });
  });

  test("parallel tool calls keep their order, arguments and ids apart", async () => {
    const calls = [
      { name: "now", args: "{}" },
      { name: "write_note", args: '{"name":"a","text":"ä \\" }{"}' },
      { name: "write_note", args: '{"name":"b","text":""}' },
    ];
    say({ text: ["Wait. "], calls, stop: "tool_calls" });
    const got = await collect(open(), ask({ tools: [TOOL] }));
    expect(got.calls.map(({ name }) => name)).toEqual(calls.map(({ name }) => name));
    expect(got.calls.map((call) => JSON.parse(call.argumentsText))).toEqual(
      calls.map(({ args }) => JSON.parse(args)),
    );
    expect(new Set(got.calls.map(({ id }) => id)).size).toBe(3);
    expect(got).toMatchObject({ text: "Wait. ", end: { stopReason: "tool_calls" } });
  });

  test.each([null, "same"])("calls with the id %j get one of their own each", async (id) => {
    const call = (name: string) => ({ id, name, args: "{}" });
    say({ calls: [call("a"), call("b"), call("c")], stop: "tool_calls" });
    const ids = (await collect(open(), ask({ tools: [TOOL] }))).calls.map((got) => got.id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((each) => each !== "")).toBe(true);
  });

  test("a call without an id gets one that the history does not have", async () => {
    say({ calls: [{ id: null, name: "now", args: "{}" }], stop: "tool_calls" });
    const first = await collect(open(), ask({ tools: [TOOL] }));
    const messages = [
      { role: "user" as const, text: "hello" },
      { role: "assistant" as const, text: "", toolCalls: first.calls },
      { role: "tool" as const, callId: first.calls[0]!.id, name: "now", text: "noon" },
    ];
    const second = await collect(open(), ask({ messages, tools: [TOOL] }));
    expect(second.calls[0]!.id).not.toBe(first.calls[0]!.id);
  });

  test.runIf(dialect.streamsArguments)("arguments that are not JSON are passed on as they are", async () => {
    say({ calls: [{ name: "now", args: '{"a": tru' }], stop: "tool_calls" });
    expect((await collect(open(), ask({ tools: [TOOL] }))).calls[0]?.argumentsText).toBe('{"a": tru');
  });

  test.each([1, 2, 3, 5, 7, 64])("cuts every %i bytes change nothing", async (pieceBytes) => {
    const said = {
      text: ["naïve ", "日本語 ", "👩‍👩‍👧 done"],
      calls: [{ name: "now", args: '{"zone":"Zürich 🕰"}' }],
      stop: "tool_calls",
      usage: USAGE,
    };
    say(said, pieceBytes);
    const got = await collect(open(), ask({ tools: [TOOL] }));
    expect(got.text).toBe(said.text.join(""));
    expect(JSON.parse(got.calls[0]!.argumentsText)).toEqual({ zone: "Zürich 🕰" });
    expect(got.end?.stopReason).toBe("tool_calls");
  });

  test("each call is one request with the key, and the connection serves the next", async () => {
    say({ text: ["x"] });
    const provider = open();
    const before = server.requests.length;
    await collect(provider);
    const connections = server.connections();
    for (let turn = 0; turn < 3; turn++) await collect(provider);
    expect(server.requests.length - before).toBe(4);
    expect(server.connections()).toBe(connections);
    expect(JSON.stringify(server.requests.at(-1)?.headers)).toContain(dialect.key);
  });
});

const TOOL = {
  name: "now",
  description: "the time",
  params: { type: "object", properties: { zone: { type: "string" } } },
};
