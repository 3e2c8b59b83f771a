// What OpenAI's Responses answer: sparse streams and whole documents, refusals, ends that are failures, and reasoning that
// must not go back.

import { afterAll, beforeAll, expect, test } from "vitest";
import { collect } from "../../support/vendors/collect.ts";
import { named, openResponses, responses } from "../../support/vendors/responses.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";

let server: VendorServer;
beforeAll(async () => {
  server = await startVendor();
});
afterAll(() => server.close());

function say(events: readonly string[], contentType = responses.contentType): void {
  server.use(async (out) => {
    out.head(contentType);
    await out.write(events.join(""));
    out.end();
  });
}

const open = () => openResponses(server.origin);

const ITEMS = [
  { type: "reasoning", id: "rs", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "e" },
  { type: "message", id: "m", role: "assistant", content: [{ type: "output_text", text: "hi" }] },
  { type: "function_call", id: "fc", call_id: "a", name: "now", arguments: '{"n":1}' },
];
const WHOLE = {
  object: "response",
  model: "m2",
  status: "completed",
  output: ITEMS,
  usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
};

test.each([
  ["answers whole", [JSON.stringify(WHOLE)], "application/json"],
  [
    "streams nothing but the ends of items",
    [
      ...ITEMS.map((item, output_index) => named({ type: "response.output_item.done", output_index, item })),
      named({ type: "response.completed", response: { ...WHOLE, output: [] } }),
    ],
    "text/event-stream",
  ],
])("a server that %s has answered", async (_, events, contentType) => {
  say(events, contentType);
  expect(await collect(open())).toMatchObject({
    text: "hi",
    reasoning: "hm",
    calls: [{ id: "a", name: "now", argumentsText: '{"n":1}' }],
    usage: { inputTokens: 3, outputTokens: 2, cachedTokens: 0 },
    end: { stopReason: "tool_calls", model: "m2" },
  });
});

test.each(['{"error":null}', '{"object":"list","data":[]}', "[]", "{"])(
  "a document that is no response, %s, is malformed",
  async (text) => {
    say([text], "application/json");
    expect((await collect(open())).error?.errorClass).toBe("malformed");
  },
);

test("a model's own refusal is a refusal, with its words", async () => {
  const piece = (delta: string) => named({ type: "response.refusal.delta", output_index: 0, delta });
  say([piece("I cannot "), piece("help."), named({ type: "response.completed", response: WHOLE })]);
  const { error } = await collect(open());
  expect(error).toMatchObject({ errorClass: "refused", message: expect.stringContaining("I cannot help.") });
});

test.each([
  [{ code: "server_error", message: "oops" }, "overloaded"],
  [{ code: "rate_limit_exceeded", message: "slow down" }, "rate_limit"],
  [{ code: "invalid_prompt", message: "flagged" }, "refused"],
  [{ code: "context_length_exceeded", message: "too long" }, "context_length"],
  [null, "overloaded"],
])("a response that failed with %j is %s", async (error, errorClass) => {
  say([named({ type: "response.failed", response: { ...WHOLE, status: "failed", error } })]);
  const got = await collect(open());
  expect(got.end).toBeUndefined();
  expect(got.error).toMatchObject({
    errorClass,
    message: expect.stringContaining(error?.message ?? "no reason given"),
  });
});

test.each([
  ["named, flat", named({ type: "error", code: "rate_limit_exceeded", message: "slow", param: null })],
  ["named, nested", named({ type: "error", error: { code: "rate_limit_exceeded", message: "slow" } })],
  [
    "without a name",
    `data: ${JSON.stringify({ type: "error", code: "rate_limit_exceeded", message: "slow" })}\n\n`,
  ],
])("an error event %s has its class", async (_, event) => {
  say([...responses.events({ text: ["x"], stop: "none" }), event]);
  expect((await collect(open())).error).toMatchObject({
    errorClass: "rate_limit",
    message: expect.stringContaining("slow"),
  });
});

test("reasoning without its content does not go back: the vendor has not kept it", async () => {
  const item = { ...ITEMS[0], encrypted_content: null };
  say([
    named({ type: "response.output_item.done", output_index: 0, item }),
    named({ type: "response.completed", response: { ...WHOLE, output: [] } }),
  ]);
  expect((await collect(open())).continuation).toBeUndefined();
});

test("reasoning that led to nothing does not go back: the vendor refuses it without the item after it", async () => {
  const reason = { reason: "max_output_tokens" };
  const cut = { ...WHOLE, status: "incomplete", incomplete_details: reason };
  say([JSON.stringify({ ...cut, output: [ITEMS[0]] })], "application/json");
  const silent = await collect(open());
  expect(silent).toMatchObject({ text: "", continuation: undefined, end: { stopReason: "length" } });
  const again = { ...ITEMS[0], id: "rs2" };
  say([JSON.stringify({ ...cut, output: [ITEMS[0], ITEMS[1], again] })], "application/json");
  const { continuation } = await collect(open());
  expect(JSON.parse(continuation!.data).layout.map(({ id }: { id: string }) => id)).toEqual(["rs", "m"]);
});

test("a server that stays connected after the end has answered", async () => {
  const closed = Promise.withResolvers<void>();
  server.use(async (out) => {
    void out.gone.then(closed.resolve);
    out.head(responses.contentType);
    await out.write(responses.events({ text: ["x"] }).join(""));
  });
  expect((await collect(open())).end?.stopReason).toBe("stop");
  await closed.promise;
});
