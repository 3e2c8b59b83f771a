// Answers as odd vendors give them, to a client's own tools: calls that come interleaved, cut off or not at all are told
// as what they are, in the form that every client reads, and whatever was answered can come back as history.

import type OpenAI from "openai";
import type { ChatCompletionChunk, ChatCompletionMessageParam } from "openai/resources/chat/completions";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { sse } from "../support/vendors/dialect.ts";
import { startVendor, type VendorServer } from "../support/vendors/server.ts";

let rig: Rig;
let odd: VendorServer;
let daemon: Daemon;
let openai: OpenAI;

beforeAll(async () => {
  odd = await startVendor();
  const provider = { type: "openai_compatible", api_key: "sk", base_url: `${odd.origin}/v1` };
  rig = await createRig({ config: { providers: { odd: provider } } });
  daemon = await rig.start();
  openai = openAiOf(daemon.client);
});
afterAll(async () => {
  await rig.close();
  await odd.close();
});

const tools = ["a", "b"].map((name) => ({
  type: "function" as const,
  function: { name, parameters: { type: "object" } },
}));
const hi = { role: "user" as const, content: "hi" };
const base = { model: "odd/m", messages: [hi], tools };

const chunk = (delta: object, finish: string | null = null): string =>
  sse({
    id: "x",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
const start = (index: number, id: string, name: string, text = ""): string =>
  chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: text } }] });
const piece = (index: number, text: string): string =>
  chunk({ tool_calls: [{ index, function: { arguments: text } }] });

function says(...events: readonly string[]): void {
  odd.use(async (out) => {
    out.head("text/event-stream");
    for (const event of events) await out.write(event);
    out.end();
  });
}

async function both() {
  const whole = await openai.chat.completions.create(base);
  const streamed = await openai.chat.completions.stream(base).finalChatCompletion();
  return [whole, streamed].map(({ choices }) => choices[0]!);
}

test("parallel calls that come interleaved: each piece has its index, and its id comes once", async () => {
  const [one, two] = ['{"x":1}', '{"y":2}'];
  const pieces = [piece(0, '{"x"'), piece(1, '{"y"'), piece(0, ":1}"), piece(1, ":2}")];
  says(start(0, "c0", "a"), start(1, "c1", "b"), ...pieces, chunk({}, "tool_calls"), sse("[DONE]"));
  const chunks: ChatCompletionChunk[] = [];
  for await (const each of await openai.chat.completions.create({ ...base, stream: true })) chunks.push(each);
  const deltas = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
  for (const [index, id, name, text] of [
    [0, "c0", "a", one],
    [1, "c1", "b", two],
  ] as const) {
    const [first, ...rest] = deltas.filter((delta) => delta.index === index);
    expect(first).toEqual({ index, id, type: "function", function: { name, arguments: "" } });
    for (const delta of rest) expect(Object.keys(delta).sort()).toEqual(["function", "index"]);
    expect(rest.length).toBeGreaterThan(1);
    expect(rest.map((delta) => delta.function?.arguments).join("")).toBe(text);
  }
  expect(chunks.map(({ choices }) => choices[0]?.finish_reason).filter(Boolean)).toEqual(["tool_calls"]);
  for (const { message } of await both())
    expect(message.tool_calls).toMatchObject([
      { id: "c0", function: { arguments: one } },
      { id: "c1", function: { arguments: two } },
    ]);
});

test("a call that was cut off says so, and can come back with what the client says about it", async () => {
  for (const finish of ["length", "content_filter"]) {
    says(start(0, "c0", "a", '{"x":'), chunk({}, finish), sse("[DONE]"));
    const [whole] = await both().then((all) => {
      for (const { finish_reason: told } of all) expect(told).toBe(finish);
      return all;
    });
    const result = { role: "tool" as const, tool_call_id: "c0", content: "this is no JSON" };
    says(chunk({ content: "sorry" }), chunk({}, "stop"), sse("[DONE]"));
    const messages: ChatCompletionMessageParam[] = [hi, whole!.message, result];
    const { choices } = await openai.chat.completions.create({ ...base, messages });
    expect(choices[0]?.message.content).toBe("sorry");
    expect(JSON.stringify(odd.requests.at(-1)!.body)).toContain(JSON.stringify('{"x":').slice(1, -1));
  }
});

test("a vendor that stops for a call and makes none has stopped", async () => {
  for (const finish of ["tool_calls", "function_call"]) {
    says(chunk({ content: "hm" }), chunk({}, finish), sse("[DONE]"));
    for (const { finish_reason: told, message } of await both())
      expect([told, message.content, message.tool_calls]).toEqual(["stop", "hm", undefined]);
  }
});
