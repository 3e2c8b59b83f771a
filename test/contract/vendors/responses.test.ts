// What OpenAI's Responses are asked: items that go back as they came and to whom they belong, phases of an answer, and what
// only chat completions can do.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Message } from "../../../src/domain/message.ts";
import type { ModelRequest } from "../../../src/providers/provider.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import { openai } from "../../support/vendors/openai.ts";
import { named, openResponses, responses } from "../../support/vendors/responses.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";

let server: VendorServer;
beforeAll(async () => {
  server = await startVendor();
});
afterAll(() => server.close());
beforeEach(() => say(responses.events({ text: ["ok"] })));

function say(events: readonly string[], contentType = responses.contentType): void {
  server.use(async (out) => {
    out.head(contentType);
    await out.write(events.join(""));
    out.end();
  });
}

const open = (more: Parameters<typeof openResponses>[1] = {}) => openResponses(server.origin, more);

async function sent(more: Partial<ModelRequest> = {}, settings: Parameters<typeof open>[0] = {}) {
  expect((await collect(open(settings), ask(more))).error?.message).toBeUndefined();
  return server.requests.at(-1)!;
}

test("a request is whole, stores nothing and asks a model that reasons for its reasoning", async () => {
  const tools = [{ name: "now", description: "the time", params: { type: "object" } }];
  const schema = { type: "object", properties: {}, additionalProperties: false, required: [] };
  const sampling = { temperature: 0.5, topP: 0.9, maxTokens: 77 };
  const output = { name: "answer", schema };
  const { path, body } = await sent({ model: "gpt-6-mini", tools, sampling, output });
  expect(path).toBe("/v1/responses");
  expect(body).toEqual({
    model: "gpt-6-mini",
    input: [{ role: "user", content: "hello" }],
    stream: true,
    store: false,
    include: ["reasoning.encrypted_content"],
    tools: [
      { type: "function", ...tools[0], parameters: { type: "object" }, params: undefined, strict: false },
    ],
    text: { format: { type: "json_schema", name: "answer", schema, strict: true } },
    temperature: 0.5,
    top_p: 0.9,
    max_output_tokens: 77,
  });
});

test.each([
  ["gpt-4.1-mini", undefined, undefined],
  ["gpt-5-chat-latest", undefined, undefined],
  ["my-own-model", undefined, undefined],
  ["o4-mini", ["reasoning.encrypted_content"], { summary: "auto" }],
  ["gpt-5.4", ["reasoning.encrypted_content"], { summary: "auto" }],
  ["openai/gpt-5.4", ["reasoning.encrypted_content"], { summary: "auto" }],
  ["gpt-10", ["reasoning.encrypted_content"], { summary: "auto" }],
])("%s is asked about its reasoning: %j %j", async (model, include, reasoning) => {
  const { body } = await sent({ model }, { reasoningSummary: "auto" });
  expect(body.include).toEqual(include);
  expect(body.reasoning).toEqual(reasoning);
});

test("images are data URLs before the text", async () => {
  const images = [{ mediaType: "image/png", base64: "aGk=" }];
  const { body } = await sent({ messages: [{ role: "user", text: "what?", images }] });
  expect((body.input as { content: unknown }[])[0]?.content).toEqual([
    { type: "input_image", image_url: "data:image/png;base64,aGk=", detail: "auto" },
    { type: "input_text", text: "what?" },
  ]);
});

describe("an answer goes back", () => {
  const calls = [{ name: "now", args: "{}" }];
  const back = async (change: Partial<{ model: string; text: string; origin: string }> = {}) => {
    say(responses.events({ reasoning: ["Hm."], text: ["Looking."], calls, stop: "tool_calls" }));
    const got = await collect(open(), ask({ model: "gpt-6" }));
    const answer = { role: "assistant", text: change.text ?? got.text, toolCalls: got.calls } as const;
    const messages: Message[] = [
      { role: "user", text: "a" },
      { ...answer, continuation: got.continuation! },
      { role: "tool", callId: got.calls[0]!.id, name: "now", text: "noon" },
    ];
    say(responses.events({ text: ["ok"] }));
    const { body } = await sent({ messages, model: change.model ?? "gpt-6" });
    return (body.input as object[]).slice(1, -1);
  };
  const bare = (text: string) => [
    { role: "assistant", content: text },
    { type: "function_call", call_id: "call_2", name: "now", arguments: "{}" },
  ];

  test("as it came to the model that gave it", async () => {
    expect(await back()).toEqual([
      {
        type: "reasoning",
        id: "rs_0",
        summary: [{ type: "summary_text", text: "Hm." }],
        encrypted_content: "c2lnbmVk",
      },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        phase: "final_answer",
        content: [{ type: "output_text", text: "Looking.", annotations: [] }],
      },
      { type: "function_call", id: "fc_2", call_id: "call_2", name: "now", arguments: "{}" },
    ]);
  });

  test("bare to another model", async () => {
    expect(await back({ model: "gpt-6-mini" })).toEqual(bare("Looking."));
  });

  test("bare when its text is no longer what it was", async () => {
    expect(await back({ text: "Looked." })).toEqual(bare("Looked."));
  });

  test("bare to another host", async () => {
    say(responses.events({ reasoning: ["Hm."], text: ["x"] }));
    const { continuation } = await collect(open(), ask({ model: "gpt-6" }));
    const elsewhere = await startVendor();
    elsewhere.use((out) => out.reset());
    const messages: Message[] = [
      { role: "user", text: "a" },
      { role: "assistant", text: "x", toolCalls: [], continuation: continuation! },
      { role: "user", text: "b" },
    ];
    await collect(openResponses(elsewhere.origin), ask({ model: "gpt-6", messages }));
    expect((elsewhere.requests[0]!.body.input as object[])[1]).toEqual({ role: "assistant", content: "x" });
    await elsewhere.close();
  });
});

test("a comment and the final answer stand apart, and each goes back with its phase", async () => {
  const message = (index: number, phase: string, text: string) => [
    named({
      type: "response.output_item.added",
      output_index: index,
      item: { type: "message", id: `m${index}`, role: "assistant", phase, content: [] },
    }),
    named({ type: "response.output_text.delta", output_index: index, content_index: 0, delta: text }),
    named({
      type: "response.output_item.done",
      output_index: index,
      item: {
        type: "message",
        id: `m${index}`,
        role: "assistant",
        phase,
        content: [{ type: "output_text", text }],
      },
    }),
  ];
  const end = named({ type: "response.completed", response: { status: "completed", model: "gpt-6" } });
  say([...message(0, "commentary", "One moment."), ...message(1, "final_answer", "42"), end]);
  const got = await collect(open(), ask({ model: "gpt-6" }));
  expect(got.text).toBe("One moment.\n\n42");
  const messages: Message[] = [
    { role: "user", text: "a" },
    { role: "assistant", text: got.text, toolCalls: [], continuation: got.continuation! },
    { role: "user", text: "b" },
  ];
  const { body } = await sent({ messages, model: "gpt-6" });
  expect((body.input as { phase?: string }[]).map(({ phase }) => phase)).toEqual([
    undefined,
    "commentary",
    "final_answer",
    undefined,
  ]);
});

describe("what only chat completions can do", () => {
  const FIELDS = [
    ["stop", { stop: ["END"] }],
    ["seed", { seed: 7 }],
    ["presence_penalty", { presencePenalty: 1 }],
    ["frequency_penalty", { frequencyPenalty: 1 }],
  ] as const;

  test.each(FIELDS)("%s is asked of them by a provider that may choose", async (field, sampling) => {
    say(openai.events({ text: ["ok"] }));
    const { path, body } = await sent({ sampling }, { api: "either" });
    expect(path).toBe("/v1/chat/completions");
    expect(body).toHaveProperty(field);
    say(responses.events({ text: ["ok"] }));
    expect((await sent({}, { api: "either" })).path).toBe("/v1/responses");
  });

  test.each(FIELDS)(
    "%s is not supported by one that may not, and nothing is sent",
    async (field, sampling) => {
      const before = server.requests.length;
      const { error } = await collect(open(), ask({ sampling }));
      expect(error).toMatchObject({ errorClass: "unsupported", message: expect.stringContaining(field) });
      expect(server.requests.length).toBe(before);
    },
  );
});
