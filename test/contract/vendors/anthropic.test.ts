// What is Anthropic's own: where its prompt cache may end, signed thinking in its place, system messages apart, what it
// does not take.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Message } from "../../../src/domain/message.ts";
import { createAnthropic } from "../../../src/providers/anthropic.ts";
import type { ModelRequest } from "../../../src/providers/provider.ts";
import { anthropic } from "../../support/vendors/anthropic.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";

let server: VendorServer;
beforeAll(async () => {
  server = await startVendor();
});
beforeEach(() => say(anthropic.events({ text: ["ok"] })));
afterAll(() => server.close());

function say(events: readonly string[]): void {
  server.use(async (out) => {
    out.head(anthropic.contentType);
    await out.write(events.join(""));
    out.end();
  });
}

const TOOLS = ["a", "b"].map((name) => ({ name, description: name, params: { type: "object" } }));
const CACHE = { cache_control: { type: "ephemeral" } };

async function sent(more: Partial<ModelRequest>, baseUrl = server.origin) {
  const provider = createAnthropic({ id: "anthropic", apiKey: "k", baseUrl, timeoutMs: 5000 });
  const got = await collect(provider, ask(more));
  expect(got.error?.message).toBeUndefined();
  return server.requests.at(-1)!;
}

test("the address may end in /v1 or not", async () => {
  for (const end of ["", "/", "/v1", "/v1/"]) {
    expect((await sent({}, server.origin + end)).path).toBe("/v1/messages");
  }
});

test("system messages go apart, in order, and the cache may end after them and after the tools", async () => {
  const messages: Message[] = [
    { role: "system", text: "one" },
    { role: "user", text: "hi" },
    { role: "system", text: "two" },
  ];
  const { body } = await sent({ messages, tools: TOOLS });
  expect(body.system).toEqual([{ type: "text", text: "one\n\ntwo", ...CACHE }]);
  expect(body.tools).toMatchObject([{ name: "a" }, { name: "b", ...CACHE }]);
  expect(body.messages).toEqual([{ role: "user", content: [{ type: "text", text: "hi", ...CACHE }] }]);
  expect((body.tools as object[])[0]).not.toHaveProperty("cache_control");
});

test("told to think it may go on with calls it did not think about, which the vendor would refuse", async () => {
  const call = { id: "c", name: "a", argumentsText: "{}" };
  const asked: Message = { role: "user", text: "hi" };
  const worked = (continuation?: { type: string; data: string }): Message[] => [
    asked,
    { role: "assistant", text: "", toolCalls: [call], ...(continuation && { continuation }) },
    { role: "tool", callId: "c", name: "a", text: "done" },
  ];
  const provider = createAnthropic({
    ...{ id: "anthropic", apiKey: "k", baseUrl: server.origin, timeoutMs: 5000 },
    thinkingTokens: 2048,
  });
  const thinksAbout = async (messages: readonly Message[]): Promise<boolean> => {
    expect((await collect(provider, ask({ messages, tools: TOOLS }))).error).toBeUndefined();
    return "thinking" in server.requests.at(-1)!.body;
  };
  const tool = { name: "a", args: "{}" };
  say(anthropic.events({ reasoning: ["hm"], calls: [tool], stop: "tool_calls" }));
  const { continuation } = await collect(provider, ask({ messages: [asked], tools: TOOLS }));
  say(anthropic.events({ text: ["ok"] }));
  expect(await thinksAbout([asked])).toBe(true);
  expect(await thinksAbout(worked())).toBe(false);
  expect(await thinksAbout(worked(continuation))).toBe(true);
  expect(await thinksAbout([...worked(), { role: "assistant", text: "x", toolCalls: [] }, asked])).toBe(true);
});

test("without tools nothing is marked that will not be asked again", async () => {
  expect((await sent({})).body.messages).toEqual([
    { role: "user", content: [{ type: "text", text: "hello" }] },
  ]);
});

test("images go before the text", async () => {
  const images = [{ mediaType: "image/png", base64: "aGk=" }];
  const { body } = await sent({ messages: [{ role: "user", text: "what is it?", images }] });
  expect(body.messages).toMatchObject([
    {
      content: [
        { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
        { type: "text", text: "what is it?" },
      ],
    },
  ]);
});

test("sampling goes along, a seed is left out, penalties are refused by name before anybody is asked", async () => {
  const sampling = { temperature: 0.5, topP: 0.9, maxTokens: 77, stop: ["END"], seed: 4 };
  const { body } = await sent({ sampling });
  expect(body).toMatchObject({ temperature: 0.5, top_p: 0.9, max_tokens: 77, stop_sequences: ["END"] });
  expect(body).not.toHaveProperty("seed");
  const before = server.requests.length;
  const provider = createAnthropic({ id: "claude", apiKey: "k", baseUrl: server.origin, timeoutMs: 5000 });
  const { error } = await collect(provider, ask({ sampling: { frequencyPenalty: 1 } }));
  expect(error).toMatchObject({
    errorClass: "unsupported",
    message: expect.stringContaining("frequency_penalty"),
  });
  expect(server.requests.length).toBe(before);
});

test("a schema of the answer is fitted to what the vendor takes", async () => {
  const schema = { type: "object", properties: { n: { type: "integer", minimum: 1 } }, required: ["n"] };
  const { body } = await sent({ output: { name: "count", schema } });
  expect(body.output_config).toMatchObject({
    format: { type: "json_schema", schema: { additionalProperties: false, required: ["n"] } },
  });
});

test("interleaved thinking goes back in its place, with its signatures", async () => {
  const block = (index: number, start: object, ...deltas: object[]): string[] =>
    [
      { type: "content_block_start", index, content_block: start },
      ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
      { type: "content_block_stop", index },
    ].map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
  const think = (index: number, thinking: string): string[] =>
    block(
      index,
      { type: "thinking", thinking: "", signature: "" },
      { type: "thinking_delta", thinking },
      { type: "signature_delta", signature: `sig-${thinking}` },
    );
  const [start = "", , ...end] = anthropic.events({ stop: "tool_calls" });
  say([
    start,
    ...think(0, "first"),
    ...block(1, { type: "text", text: "" }, { type: "text_delta", text: "Hm." }),
    ...block(2, { type: "redacted_thinking", data: "blob" }),
    ...think(3, "second"),
    ...block(4, { type: "tool_use", id: "t1", name: "a", input: {} }),
    ...end,
  ]);
  const provider = createAnthropic({ id: "anthropic", apiKey: "k", baseUrl: server.origin, timeoutMs: 5000 });
  const got = await collect(provider, ask({ tools: TOOLS }));
  expect(got).toMatchObject({
    text: "Hm.",
    reasoning: "firstsecond",
    calls: [{ id: "t1", argumentsText: "{}" }],
  });

  say(anthropic.events({ text: ["done"] }));
  const { body } = await sent({
    messages: [
      { role: "user", text: "hello" },
      { role: "assistant", text: got.text, toolCalls: got.calls, continuation: got.continuation! },
      { role: "tool", callId: "t1", name: "a", text: "noon" },
    ],
  });
  expect((body.messages as { content: unknown }[])[1]?.content).toEqual([
    { type: "thinking", thinking: "first", signature: "sig-first" },
    { type: "text", text: "Hm." },
    { type: "redacted_thinking", data: "blob" },
    { type: "thinking", thinking: "second", signature: "sig-second" },
    { type: "tool_use", id: "t1", name: "a", input: {} },
  ]);
});

test("arguments that come whole with the call are not lost", async () => {
  const events = anthropic.events({ calls: [{ id: "t1", name: "a", args: "" }], stop: "tool_calls" });
  say(events.map((event) => event.replace('"input":{}', '"input":{"x":1}')));
  const provider = createAnthropic({ id: "anthropic", apiKey: "k", baseUrl: server.origin, timeoutMs: 5000 });
  expect((await collect(provider)).calls[0]?.argumentsText).toBe('{"x":1}');
});

test("no message to answer is refused without asking", async () => {
  const provider = createAnthropic({ id: "anthropic", apiKey: "k", baseUrl: server.origin, timeoutMs: 5000 });
  const { error } = await collect(provider, ask({ messages: [{ role: "system", text: "x" }] }));
  expect(error?.errorClass).toBe("bad_request");
});
