// What is Ollama's own: abilities asked once a model, tools and images only for models that can, the window to load a
// model with, and no word to the console.

import { afterAll, beforeEach, expect, test, vi } from "vitest";
import type { Message } from "../../../src/domain/message.ts";
import { createOllama, type OllamaSettings } from "../../../src/providers/ollama.ts";
import type { ModelRequest } from "../../../src/providers/provider.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import { ollama } from "../../support/vendors/ollama.ts";
import { type SeenRequest, startVendor } from "../../support/vendors/server.ts";

const shows: SeenRequest[] = [];
let capabilities: readonly string[] | undefined;
const server = await startVendor((request) => {
  if (!request.path.endsWith("/api/show")) return undefined;
  shows.push(request);
  return { details: {}, ...(capabilities && { capabilities }) };
});
afterAll(() => server.close());
beforeEach(() => {
  capabilities = ["completion", "tools", "vision", "thinking"];
  say(ollama.events({ text: ["ok"] }));
});

function say(lines: readonly string[]): void {
  server.use(async (out) => {
    out.head(ollama.contentType);
    await out.write(lines.join(""));
    out.end();
  });
}

const open = (more: Partial<OllamaSettings> = {}) =>
  createOllama({ id: "ollama", apiKey: undefined, baseUrl: server.origin, timeoutMs: 5000, ...more });
const TOOLS = [{ name: "now", description: "time", params: { type: "object" } }];
const USED: Message[] = [
  { role: "user", text: "hi" },
  { role: "assistant", text: "", toolCalls: [{ id: "c", name: "now", argumentsText: '{"z":1}' }] },
  { role: "tool", callId: "c", name: "now", text: "noon" },
];
const PICTURE: Message[] = [
  { role: "user", text: "what?", images: [{ mediaType: "image/png", base64: "aGk=" }] },
];

async function sent(more: Partial<ModelRequest> = {}, settings: Partial<OllamaSettings> = {}) {
  expect((await collect(open(settings), ask(more))).error?.message).toBeUndefined();
  return server.requests.at(-1)!;
}

test("abilities are asked once a model, and again after a failure", async () => {
  const provider = open();
  const before = shows.length;
  for (const model of ["a", "b", "a", "b"]) await collect(provider, ask({ model }));
  expect(shows.slice(before).map(({ body }) => body.model)).toEqual(["a", "b"]);
});

test("the address may end in /api or /v1 and the key goes along when there is one", async () => {
  for (const end of ["", "/", "/api", "/v1/"]) {
    const { path, headers } = await sent({}, { baseUrl: server.origin + end, apiKey: "k" });
    expect(path).toBe("/api/chat");
    expect(headers.authorization).toBe("Bearer k");
  }
  expect((await sent()).headers.authorization).toBeUndefined();
});

test("the window and the sampling are options", async () => {
  const sampling = { temperature: 0, maxTokens: 9, stop: ["E"], seed: 3, topP: 0.5, frequencyPenalty: 1 };
  const { body } = await sent({ sampling }, { numCtx: 32_768 });
  expect(body.options).toEqual({
    ...{
      num_ctx: 32_768,
      temperature: 0,
      num_predict: 9,
      stop: ["E"],
      seed: 3,
      top_p: 0.5,
      frequency_penalty: 1,
    },
  });
  expect((await sent()).body.options).toEqual({});
});

test("a model that thinks is asked to, one that does not is not", async () => {
  expect((await sent()).body.think).toBe(true);
  capabilities = ["completion"];
  expect((await sent()).body).not.toHaveProperty("think");
});

test("a model without tools answers without them, until the conversation has used some", async () => {
  capabilities = ["completion"];
  expect((await sent({ tools: TOOLS })).body).not.toHaveProperty("tools");
  const { error } = await collect(open(), ask({ messages: USED, tools: TOOLS }));
  expect(error).toMatchObject({ errorClass: "unsupported", message: expect.stringContaining("tools") });
});

test("a model that cannot see is not shown images", async () => {
  expect((await sent({ messages: PICTURE })).body.messages).toMatchObject([{ images: ["aGk="] }]);
  capabilities = ["completion", "tools"];
  const { error } = await collect(open(), ask({ messages: PICTURE }));
  expect(error).toMatchObject({ errorClass: "unsupported", message: expect.stringContaining("images") });
});

test("a server that does not tell abilities is trusted with tools", async () => {
  capabilities = undefined;
  expect((await sent({ messages: USED, tools: TOOLS })).body).toMatchObject({
    tools: [{ type: "function", function: { name: "now" } }],
    messages: [
      { role: "user" },
      { tool_calls: [{ function: { name: "now", arguments: { z: 1 } } }] },
      { role: "tool", tool_name: "now", content: "noon" },
    ],
  });
});

test("a schema of the answer is its format", async () => {
  expect((await sent({ output: { name: "n", schema: { type: "object" } } })).body.format).toEqual({
    type: "object",
  });
});

test("a model that is not there says how to get it", async () => {
  server.use(async (out) => {
    out.head("application/json", 404);
    await out.write(JSON.stringify(ollama.refusal("unknown_model").body));
    out.end();
  });
  expect((await collect(open(), ask({ model: "nope" }))).error?.message).toContain("ollama pull");
});

test("nothing is printed, whatever the server sends", async () => {
  const spies = (["log", "warn", "error"] as const).map((name) => vi.spyOn(console, name));
  for (const bad of ["not json\n", "[]\n", '"x"\n', ollama.brokenEvent]) {
    say([...ollama.events({ text: ["a"], stop: "none" }), bad]);
    expect((await collect(open())).error).toBeDefined();
  }
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
