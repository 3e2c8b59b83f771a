// What is OpenAI's own, and what the servers that speak its protocol do differently: reasoning under several names, ids
// and indexes of calls, answers that are not streamed.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createOpenAi } from "../../../src/providers/openai.ts";
import type { ModelRequest } from "../../../src/providers/provider.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import { sse } from "../../support/vendors/dialect.ts";
import { openai } from "../../support/vendors/openai.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";
import { createSignal } from "../../support/wait.ts";

let server: VendorServer;
beforeAll(async () => {
  server = await startVendor();
});
beforeEach(() => say(openai.events({ text: ["ok"] })));
afterAll(() => server.close());

function say(events: readonly string[], contentType = openai.contentType): void {
  server.use(async (out) => {
    out.head(contentType);
    await out.write(events.join(""));
    out.end();
  });
}

const open = (id = "openai") =>
  createOpenAi({ id, apiKey: "k", baseUrl: `${server.origin}/v1`, timeoutMs: 5000 });

async function sent(more: Partial<ModelRequest> = {}) {
  expect((await collect(open(), ask(more))).error?.message).toBeUndefined();
  return server.requests.at(-1)!.body;
}

const delta = (fields: object, finish: string | null = null) =>
  sse({ model: "m", choices: [{ index: 0, delta: fields, finish_reason: finish }] });

test("images are data URLs before the text", async () => {
  const images = [{ mediaType: "image/png", base64: "aGk=" }];
  expect((await sent({ messages: [{ role: "user", text: "what?", images }] })).messages).toEqual([
    {
      role: "user",
      content: [
        { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } },
        { type: "text", text: "what?" },
      ],
    },
  ]);
});

test.each([
  [
    { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false },
    true,
  ],
  [{ type: "object", properties: { a: { type: "string" } }, additionalProperties: false }, false],
  [{ type: "object", properties: {}, required: [] }, false],
  [{ type: "array", items: { type: "object", properties: {} } }, false],
])("the schema %j goes in strict mode: %s", async (schema, strict) => {
  const body = await sent({ output: { name: "n", schema } });
  expect(body.response_format).toEqual({ type: "json_schema", json_schema: { name: "n", schema, strict } });
});

test("OpenRouter's reasoning goes back as it came, to the same host alone", async () => {
  const detail = (fields: object) => ({ type: "reasoning.text", index: 0, format: "x", ...fields });
  say([
    delta({ reasoning: "Let ", reasoning_details: [detail({ text: "Let ", signature: null })] }),
    delta({ reasoning: "me", reasoning_details: [detail({ text: "me" })] }),
    delta({ reasoning_details: [detail({ signature: "sig" })] }),
    delta({ reasoning_details: [{ type: "reasoning.encrypted", index: 1, data: "blob" }] }),
    delta({ content: "ok" }),
    delta({}, "stop"),
  ]);
  const got = await collect(open());
  expect(got).toMatchObject({ reasoning: "Let me", text: "ok" });
  const answer = { role: "assistant" as const, text: "ok", toolCalls: [], continuation: got.continuation! };
  const messages = [{ role: "user" as const, text: "a" }, answer, { role: "user" as const, text: "b" }];
  say(openai.events({ text: ["ok"] }));
  const [, back] = (await sent({ messages })).messages as object[];
  expect(back).toEqual({
    role: "assistant",
    content: "ok",
    reasoning_details: [
      { type: "reasoning.text", index: 0, format: "x", text: "Let me", signature: "sig" },
      { type: "reasoning.encrypted", index: 1, data: "blob" },
    ],
  });
  const elsewhere = await startVendor();
  elsewhere.use((out) => out.reset());
  const other = createOpenAi({ id: "o", apiKey: "k", baseUrl: `${elsewhere.origin}/v1`, timeoutMs: 5000 });
  await collect(other, ask({ messages }));
  expect((elsewhere.requests[0]!.body.messages as object[])[1]).toEqual({ role: "assistant", content: "ok" });
  await elsewhere.close();
});

test("reasoning_content goes back with the calls it led to, and not without", async () => {
  for (const [calls, expected] of [
    [[{ name: "now", args: "{}" }], true],
    [[], false],
  ] as const) {
    say(
      openai.events({ reasoning: ["Hm."], text: ["x"], calls, stop: calls.length ? "tool_calls" : "stop" }),
    );
    expect((await collect(open())).continuation !== undefined).toBe(expected);
  }
});

test("parallel calls that all have index 0 are told apart by their ids", async () => {
  const call = (id: string, name: string, args: string) =>
    delta({
      tool_calls: [{ index: 0, id, type: "function", function: { name, arguments: args } }],
    });
  say([call("a", "x", '{"n":1}'), call("b", "y", '{"n":2}'), delta({}, "stop")]);
  expect((await collect(open())).calls).toEqual([
    { id: "a", name: "x", argumentsText: '{"n":1}' },
    { id: "b", name: "y", argumentsText: '{"n":2}' },
  ]);
});

test("a server that ignores stream answers whole", async () => {
  const message = {
    role: "assistant",
    content: "hi",
    reasoning_content: "hm",
    tool_calls: [{ id: "a", type: "function", function: { name: "now", arguments: "{}" } }],
  };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  say(
    [JSON.stringify({ model: "m2", choices: [{ index: 0, message, finish_reason: "tool_calls" }], usage })],
    "application/json",
  );
  expect(await collect(open())).toMatchObject({
    text: "hi",
    reasoning: "hm",
    calls: [{ id: "a" }],
    usage: { inputTokens: 3, outputTokens: 2 },
    end: { stopReason: "tool_calls", model: "m2" },
  });
});

test("an answer cut off in one JSON document is malformed", async () => {
  say(['{"choices":[{"mess'], "application/json");
  expect((await collect(open())).error?.errorClass).toBe("malformed");
});

test("a model's own refusal is a refusal, with its words", async () => {
  say([delta({ refusal: "I cannot " }), delta({ refusal: "help." }), delta({}, "stop")]);
  const { error } = await collect(open());
  expect(error).toMatchObject({ errorClass: "refused", message: expect.stringContaining("I cannot help.") });
});

test.each([
  [{ code: 429, message: "Rate limited upstream" }, "rate_limit"],
  [{ code: 402, message: "Insufficient credits" }, "quota"],
  [{ code: 502, message: "Provider down", metadata: { raw: "boom" } }, "overloaded"],
  [{ code: "context_length_exceeded", message: "too long" }, "context_length"],
  ["plain words", "overloaded"],
])("an error in mid-stream %j is %s", async (error, errorClass) => {
  say([delta({ content: "x" }), sse({ error })]);
  expect((await collect(open())).error?.errorClass).toBe(errorClass);
});

test("a server that stays connected after finish and usage has answered", async () => {
  const gone = createSignal();
  server.use(async (out) => {
    void out.gone.then(gone.give);
    out.head(openai.contentType);
    const usage = { input: 1, output: 1, cached: 0, cacheWrite: 0, reasoning: 0 };
    await out.write(
      openai
        .events({ text: ["x"], usage })
        .slice(0, -1)
        .join(""),
    );
  });
  expect((await collect(open())).end?.stopReason).toBe("stop");
  await gone.promise;
});
