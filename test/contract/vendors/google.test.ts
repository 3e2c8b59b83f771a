// What is Google's own: its path and key, signatures and ids on the parts they came with, blocked prompts, waits in the
// body, and an SDK that neither retries nor continues by itself.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createGoogle } from "../../../src/providers/google.ts";
import type { ModelRequest } from "../../../src/providers/provider.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import { sse, USAGE } from "../../support/vendors/dialect.ts";
import { google } from "../../support/vendors/google.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";

let server: VendorServer;
beforeAll(async () => {
  server = await startVendor();
});
beforeEach(() => say(google.events({ text: ["ok"] })));
afterAll(() => server.close());

function say(events: readonly string[]): void {
  server.use(async (out) => {
    out.head(google.contentType);
    await out.write(events.join(""));
    out.end();
  });
}

const open = (baseUrl = server.origin) =>
  createGoogle({ id: "google", apiKey: "AIza-1", baseUrl, timeoutMs: 5000 });
const request = (more: Partial<ModelRequest> = {}) => ask({ model: "gemini-3.8-flash", ...more });

async function sent(more: Partial<ModelRequest> = {}) {
  expect((await collect(open(), request(more))).error?.message).toBeUndefined();
  return server.requests.at(-1)!;
}

test("the address may name the version", async () => {
  const paths = [];
  for (const end of ["/v1beta", "/v1beta/", "/proxy/v1", ""]) {
    await collect(open(server.origin + end), request());
    paths.push(server.requests.at(-1)!.path);
  }
  const call = "models/gemini-3.8-flash:streamGenerateContent?alt=sse";
  expect(paths).toEqual([
    `/v1beta/${call}`,
    `/v1beta/${call}`,
    `/proxy/v1/${call}`,
    expect.stringMatching(/^\/v1/),
  ]);
  expect(server.requests.at(-1)!.headers["x-goog-api-key"]).toBe("AIza-1");
});

test("system, tools, sampling, schema and images have their fields", async () => {
  const { body } = await sent({
    messages: [
      { role: "system", text: "Be brief." },
      { role: "user", text: "what?", images: [{ mediaType: "image/jpeg", base64: "aGk=" }] },
    ],
    tools: [{ name: "now", description: "time", params: { $schema: "x", type: "object", properties: {} } }],
    sampling: { temperature: 0, topP: 0.5, maxTokens: 9, stop: ["E"], seed: 3, presencePenalty: 0.1 },
    output: { name: "n", schema: { type: "object" } },
  });
  expect(body).toMatchObject({
    systemInstruction: { parts: [{ text: "Be brief." }] },
    contents: [
      { role: "user", parts: [{ inlineData: { mimeType: "image/jpeg", data: "aGk=" } }, { text: "what?" }] },
    ],
    generationConfig: {
      ...{
        temperature: 0,
        topP: 0.5,
        maxOutputTokens: 9,
        stopSequences: ["E"],
        seed: 3,
        presencePenalty: 0.1,
      },
      ...{ responseMimeType: "application/json", responseJsonSchema: { type: "object" } },
      thinkingConfig: { includeThoughts: true },
    },
  });
  const [tool] = body.tools as { functionDeclarations: object[] }[];
  expect(tool?.functionDeclarations).toEqual([
    { name: "now", description: "time", parametersJsonSchema: { type: "object", properties: {} } },
  ]);
});

test("models that do not think are not asked to show it", async () => {
  const { body } = await sent({ model: "gemini-2.0-flash" });
  expect(JSON.stringify(body)).not.toContain("thinkingConfig");
});

test("signatures and ids go back with the parts they came with", async () => {
  const part = (...parts: object[]) => sse({ candidates: [{ content: { role: "model", parts } }] });
  say([
    part({ text: "Loo" }),
    part({ text: "king.", thoughtSignature: "sigA" }),
    part({ functionCall: { id: "f1", name: "now", args: { z: 1 } }, thoughtSignature: "sigB" }),
    part({ functionCall: { id: "f2", name: "now", args: {} } }),
    ...google.events({ stop: "tool_calls", usage: USAGE }).slice(-1),
  ]);
  const got = await collect(open(), request());
  expect(got.calls.map(({ id }) => id)).toEqual(["f1", "f2"]);
  say(google.events({ text: ["ok"] }));
  const { body } = await sent({
    messages: [
      { role: "user", text: "hi" },
      { role: "assistant", text: got.text, toolCalls: got.calls, continuation: got.continuation! },
      ...got.calls.map(({ id, name }) => ({ role: "tool" as const, callId: id, name, text: "noon" })),
    ],
  });
  const response = { output: "noon" };
  expect((body.contents as unknown[]).slice(1)).toEqual([
    {
      role: "model",
      parts: [
        { text: "Loo" },
        { text: "king.", thoughtSignature: "sigA" },
        { functionCall: { id: "f1", name: "now", args: { z: 1 } }, thoughtSignature: "sigB" },
        { functionCall: { id: "f2", name: "now", args: {} } },
      ],
    },
    {
      role: "user",
      parts: [
        { functionResponse: { id: "f1", name: "now", response } },
        { functionResponse: { id: "f2", name: "now", response } },
      ],
    },
  ]);
});

test("a blocked prompt is refused", async () => {
  say([
    sse({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, usageMetadata: { promptTokenCount: 7 } }),
  ]);
  const got = await collect(open(), request());
  expect(got.error).toMatchObject({
    errorClass: "refused",
    message: expect.stringContaining("PROHIBITED_CONTENT"),
  });
  expect(got.usage?.inputTokens).toBe(7);
});

test.each([
  ["MALFORMED_FUNCTION_CALL", "malformed"],
  ["RECITATION", "refused"],
  ["SPII", "refused"],
  ["OTHER", "malformed"],
] as const)("a finish for the reason %s is %s", async (reason, errorClass) => {
  say(google.events({ text: ["x"], stop: reason }));
  const { error } = await collect(open(), request());
  expect(error).toMatchObject({ errorClass, message: expect.stringContaining(reason) });
});

test("an answer that could be continued is one that ran into its limit, and nobody asks again", async () => {
  say(
    google
      .events({ text: ["x"], stop: "CONTINUATION" })
      .map((event) => event.replace('"index"', '"continuationToken":"dG9r","index"')),
  );
  const before = server.requests.length;
  expect((await collect(open(), request())).end?.stopReason).toBe("length");
  expect(server.requests.length - before).toBe(1);
});

test("the wait in the body counts when no header has one", async () => {
  const { body } = google.refusal("rate_limit");
  server.use(async (out) => {
    out.head("application/json", 429);
    await out.write(JSON.stringify(body));
    out.end();
  });
  expect((await collect(open(), request())).error).toMatchObject({
    errorClass: "rate_limit",
    afterMs: 34_000,
  });
});
