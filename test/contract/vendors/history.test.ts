// One suite over every pair of vendors: a history with tool calls that one of them began goes on with the other, which
// judges it by its own rules. What a vendor wants back goes back to that vendor alone.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Message, ToolCall } from "../../../src/domain/message.ts";
import { ask, collect } from "../../support/vendors/collect.ts";
import type { Dialect, Said } from "../../support/vendors/dialect.ts";
import { DIALECTS } from "../../support/vendors/dialects.ts";
import { COMPLAINTS } from "../../support/vendors/legal.ts";
import { startVendor, type VendorServer } from "../../support/vendors/server.ts";

const TOOLS = [{ name: "now", description: "the time", params: { type: "object" } }];
const MODEL = "gemini-3.8-flash";
/** Vendors whose reasoning is signed or encrypted. */
const SIGNS: readonly string[] = ["responses", "anthropic", "google"];
const CALLING: Said = {
  reasoning: ["Which zones?"],
  text: ["Looking. "],
  calls: [
    { name: "now", args: '{"zone":"UTC"}' },
    { name: "now", args: '{"zone":"CET"}' },
  ],
  stop: "tool_calls",
};

const servers = new Map<Dialect, VendorServer>();
beforeAll(async () => {
  for (const dialect of DIALECTS) {
    const server = await startVendor(dialect.aside);
    servers.set(dialect, server);
    const refuse = COMPLAINTS[dialect.type];
    server.use(async (out, { body }) => {
      const wrong = refuse(body);
      if (wrong.length > 0) {
        out.head("application/json", 400);
        await out.write(JSON.stringify({ error: { message: wrong.join("; "), code: 400 } }));
      } else {
        out.head(dialect.contentType);
        const turns = JSON.stringify(body).includes("noon");
        await out.write(dialect.events(turns ? { text: ["noon"] } : CALLING).join(""));
      }
      out.end();
    });
  }
});
afterAll(() => Promise.all([...servers.values()].map((server) => server.close())));

const open = (dialect: Dialect) => dialect.open(servers.get(dialect)!.origin, 10_000);

const results = (calls: readonly ToolCall[]): Message[] =>
  calls.map(({ id, name }) => ({ role: "tool", callId: id, name, text: "noon" }));

/** What a task has after its first turn with this vendor. */
async function begun(dialect: Dialect): Promise<Message[]> {
  const asked: Message[] = [
    { role: "system", text: "You tell the time." },
    { role: "user", text: "What time is it?" },
  ];
  const got = await collect(open(dialect), ask({ model: MODEL, messages: asked, tools: TOOLS }));
  expect(got.error).toBeUndefined();
  const { text, calls: toolCalls, continuation } = got;
  const answer = { role: "assistant", text, toolCalls, ...(continuation && { continuation }) } as const;
  return [...asked, answer, ...results(toolCalls)];
}

const PAIRS = DIALECTS.flatMap((first) =>
  DIALECTS.map((second) => [first.type, second.type, first, second] as const),
);

test.each(PAIRS)("%s begins, %s goes on", async (_first, _second, first, second) => {
  const messages = await begun(first);
  const got = await collect(open(second), ask({ model: MODEL, messages, tools: TOOLS }));
  expect(got.error?.message).toBeUndefined();
  expect(got.text).toBe("noon");
  const sent = JSON.stringify(servers.get(second)!.requests.at(-1)?.body);
  // Signed reasoning is worth something to its vendor only.
  expect(sent.includes("c2lnbmVk")).toBe(first === second && SIGNS.includes(first.type));
});

test.each(DIALECTS)(
  "$type: signed reasoning goes back to the host and the model that signed it",
  async (dialect) => {
    const messages = await begun(dialect);
    const elsewhere = await startVendor(dialect.aside);
    elsewhere.use(async (out) => {
      out.head(dialect.contentType);
      await out.write(dialect.events({ text: ["noon"] }).join(""));
      out.end();
    });
    const other = dialect.open(elsewhere.origin, 10_000);
    expect(await collect(other, ask({ model: MODEL, messages, tools: TOOLS }))).toMatchObject({
      text: "noon",
    });
    expect(JSON.stringify(elsewhere.requests[0]?.body)).not.toContain("c2lnbmVk");
    await elsewhere.close();
    const model = "gemini-3.8-pro";
    expect(await collect(open(dialect), ask({ model, messages, tools: TOOLS }))).toMatchObject({
      text: "noon",
    });
    expect(JSON.stringify(servers.get(dialect)!.requests.at(-1)?.body)).not.toContain("c2lnbmVk");
  },
);

describe.each(DIALECTS)("$type takes histories that are odd but ours", (dialect) => {
  const call = (id: string, argumentsText = "{}"): ToolCall => ({ id, name: "now", argumentsText });
  const turn = (...toolCalls: ToolCall[]): Message[] => [
    { role: "assistant", text: "", toolCalls },
    ...results(toolCalls),
  ];
  const user = (text: string): Message => ({ role: "user", text });
  const CASES: readonly (readonly [string, readonly Message[]])[] = [
    ["ids that other vendors use", [user("a"), ...turn(call("call|fc:1/é"), call("x".repeat(70)))]],
    ["ids that start anew each turn", [user("a"), ...turn(call("call_0")), ...turn(call("call_0"))]],
    [
      "arguments that are not JSON",
      [user("a"), ...turn(call("a", '{"x": tru'), call("b", "[1]"), call("c", ""))],
    ],
    ["an answer without text", [user("a"), { role: "assistant", text: "", toolCalls: [] }, user("b noon")]],
    [
      "an answer of white space",
      [user("a"), { role: "assistant", text: " \n", toolCalls: [] }, user("b noon")],
    ],
    ["a system message in the middle", [user("a"), { role: "system", text: "Be brief." }, user("b noon")]],
    [
      "a continuation that is nonsense",
      [
        user("a"),
        { role: "assistant", text: "x", toolCalls: [], continuation: { type: dialect.type, data: "{" } },
        user("b noon"),
      ],
    ],
  ];

  test.each(CASES)("%s", async (_, messages) => {
    const got = await collect(open(dialect), ask({ model: MODEL, messages, tools: TOOLS }));
    expect(got.error?.message).toBeUndefined();
    expect(got.text).toBe("noon");
  });

  test("the same history is always sent in the same words, so that the vendor's cache knows it", async () => {
    const messages = await begun(dialect);
    const before = servers.get(dialect)!.requests.length;
    for (let time = 0; time < 2; time++)
      await collect(open(dialect), ask({ messages, tools: TOOLS, model: MODEL }));
    const [one, two] = servers.get(dialect)!.requests.slice(before);
    expect(one?.body).toEqual(two?.body);
  });
});
