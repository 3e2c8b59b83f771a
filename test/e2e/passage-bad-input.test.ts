// What a client can get wrong in its own request: every mistake is a 400 that names its place, no model is asked, and
// nothing of it is kept.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { askColumn, leftOpen } from "../support/home-sql.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig;
let daemon: Daemon;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
});
afterAll(() => rig.close());

const PATH = "/v1/chat/completions";
const hi = { role: "user", content: "hi" };
const tool = (name: string, parameters: unknown = { type: "object" }) => ({
  type: "function",
  function: { name, parameters },
});
const call = (id: string) => ({ id, type: "function", function: { name: "now", arguments: "{}" } });
const called = (...calls: object[]) => ({ role: "assistant", content: null, tool_calls: calls });
const image = (url: string) => ({
  messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }],
});
const messages = (...list: object[]) => ({ messages: list });

const MISTAKES: readonly (readonly [string, object, string])[] = [
  ["no messages", { messages: [] }, "messages"],
  ["messages that are no list", { messages: "hi" }, "messages"],
  ["an unknown role", messages({ role: "robot", content: "x" }), "messages.0.role"],
  ["no role", messages({ content: "x" }), "messages.0.role"],
  ["a user who says nothing", messages({ role: "user", content: "" }), "messages.0.content"],
  ["content that is a number", messages({ role: "user", content: 7 }), "messages.0.content"],
  ["no content", messages({ role: "user" }), "messages.0.content"],
  ["no parts", messages({ role: "user", content: [] }), "messages.0.content"],
  ["an unknown part", messages({ role: "user", content: [{ type: "smell" }] }), "messages.0.content.0.type"],
  ["an assistant who says nothing", messages(hi, { role: "assistant" }, hi), "messages.1.content"],
  [
    "an image in a system message",
    messages({ role: "system", content: [{ type: "image_url", image_url: { url: "http://a" } }] }),
    "messages.0.content.0.type",
  ],
  ["an unknown field of a message", messages({ ...hi, mood: "good" }), "messages.0.mood"],
  ["an unknown field", { ...messages(hi), temprature: 1 }, "temprature"],
  ["a temperature out of range", { ...messages(hi), temperature: 3 }, "temperature"],
  ["a temperature in words", { ...messages(hi), temperature: "hot" }, "temperature"],
  ["two tools of one name", { ...messages(hi), tools: [tool("a"), tool("a")] }, "tools.1.function.name"],
  ["a tool with a bad name", { ...messages(hi), tools: [tool("a b")] }, "tools.0.function.name"],
  [
    "a schema that is none",
    { ...messages(hi), tools: [tool("a", { type: "objekt" })] },
    "tools.0.function.parameters",
  ],
  [
    "a schema of a string",
    { ...messages(hi), tools: [tool("a", { type: "string" })] },
    "tools.0.function.parameters",
  ],
  ["a schema that is a list", { ...messages(hi), tools: [tool("a", [])] }, "tools.0.function.parameters"],
  ["129 tools", { ...messages(hi), tools: Array.from({ length: 129 }, (_, n) => tool(`t${n}`)) }, "tools"],
  [
    "a choice of no tool",
    { ...messages(hi), tools: [tool("a")], tool_choice: { type: "function", function: { name: "b" } } },
    "tool_choice",
  ],
  ["a required call without tools", { ...messages(hi), tool_choice: "required" }, "tool_choice"],
  ["a choice that is none", { ...messages(hi), tools: [tool("a")], tool_choice: "maybe" }, "tool_choice"],
  [
    "a result of no call",
    messages(hi, { role: "tool", tool_call_id: "x", content: "1" }),
    "messages.1.tool_call_id",
  ],
  [
    "a result given twice",
    messages(
      hi,
      called(call("x")),
      { role: "tool", tool_call_id: "x", content: "1" },
      { role: "tool", tool_call_id: "x", content: "2" },
    ),
    "messages.3.tool_call_id",
  ],
  ["a call without a result", messages(hi, called(call("x")), hi), "messages.2"],
  ["a call at the end", messages(hi, called(call("x"))), "messages"],
  ["two calls of one id", messages(hi, called(call("x"), call("x"))), "messages.1.tool_calls.1.id"],
  ["an image of another kind", image("data:image/tiff;base64,AAAA"), "messages.0.content.0.image_url.url"],
  ["text as an image", image("data:text/plain;base64,AAAA"), "messages.0.content.0.image_url.url"],
  ["an image that is no base64", image("data:image/png;base64,***"), "messages.0.content.0.image_url.url"],
  ["an image in a file", image("file:///etc/passwd"), "messages.0.content.0.image_url.url"],
  [
    "a schema that is missing",
    { ...messages(hi), response_format: { type: "json_schema" } },
    "response_format.json_schema",
  ],
  ["an unknown format", { ...messages(hi), response_format: { type: "xml" } }, "response_format.type"],
  ["two answers", { ...messages(hi), n: 2 }, "n"],
  ["an effort nobody knows", { ...messages(hi), reasoning_effort: "heroic" }, "reasoning_effort"],
  ["a bias out of range", { ...messages(hi), logit_bias: { "1": 500 } }, "logit_bias.1"],
];

test.each(MISTAKES)("%s", async (_name, body, param) => {
  for (const more of [{}, { stream: true }]) {
    const reply = await daemon.client.post(PATH, { model: "stub/m", ...body, ...more });
    const { error } = reply.json<{ error: Record<string, string> }>();
    expect([reply.status, error]).toEqual([
      400,
      { type: "invalid_request_error", code: "BAD_REQUEST", param, message: expect.stringContaining(param) },
    ]);
  }
});

test("what is no JSON, not said to be JSON, or too large is refused by HTTP's own words", async () => {
  const nan = '{"model":"stub/m","messages":[{"role":"user","content":"hi"}],"temperature":NaN}';
  const headers = { "content-type": "application/json" };
  const send = (body: string, more: Record<string, string> = headers) =>
    daemon.client.send("POST", PATH, { body, headers: more });
  expect((await send(nan)).status).toBe(400);
  expect((await send("{}", { "content-type": "text/plain" })).status).toBe(415);
  expect((await send("")).status).toBe(400);
  expect((await daemon.client.post(PATH, [])).status).toBe(400);
  expect((await daemon.client.post(PATH, { model: 7, messages: [hi] })).status).toBe(400);
  expect((await daemon.client.post(PATH, { messages: [hi] })).status).toBe(400);
  const large = image(`data:image/png;base64,${"A".repeat(11 * 1024 * 1024)}`);
  const reply = await daemon.client.post(PATH, { model: "stub/m", ...large });
  expect([reply.status, reply.text]).toEqual([413, expect.stringContaining("max_request_size")]);
});

test("none of it asked a model or left a row behind", () => {
  expect(rig.stub.calls).toEqual([]);
  const rows = "SELECT (SELECT count(*) FROM tasks) + (SELECT count(*) FROM messages)";
  expect([askColumn(rig.home, rows), leftOpen(rig.home)]).toEqual([[0], 0]);
});

test("a large image passes whole, two system messages stand as they came, and a string of a name is a model's", async () => {
  rig.stub.use(() => ({ text: "seen" }));
  const large = "A".repeat(6 * 1024 * 1024);
  const content = [{ type: "image_url", image_url: { url: `data:image/png;base64,${large}` } }];
  const systems = ["one", "two"].map((text) => ({ role: "system", content: text }));
  const reply = await daemon.client.post(PATH, {
    model: "m",
    messages: [...systems, { role: "user", content }],
  });
  expect(reply.status).toBe(200);
  const sent = rig.stub.calls.at(-1)!.body.messages;
  expect(sent.slice(0, 2)).toEqual(systems);
  expect(sent[2]?.content).toEqual(content);
});
