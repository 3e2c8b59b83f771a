// The official client against every kind of provider, through the real daemon: the tool loop goes round with ids that
// each vendor takes, streamed and not, and what the vendor counts and why it stopped is told as it is.

import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { openAiOf } from "../support/official.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { type Dialect, type Said, USAGE } from "../support/vendors/dialect.ts";
import { DIALECTS } from "../support/vendors/dialects.ts";
import { COMPLAINTS } from "../support/vendors/legal.ts";
import { startVendor, type VendorServer } from "../support/vendors/server.ts";

const MODEL = "gemini-3.8-flash";
const PATHS: Readonly<Record<Dialect["type"], string>> = {
  ...{ openai: "/v1", responses: "/v1", anthropic: "", google: "/v1beta", ollama: "" },
};
/** Vendors whose reasoning is signed or encrypted, and must come back with the next turn. */
const SIGNS: readonly string[] = ["responses", "anthropic", "google"];

interface Thinking {
  readonly reasoning_content?: string;
}
type Chunk = OpenAI.ChatCompletionChunk;

let rig: Rig;
let daemon: Daemon;
let openai: OpenAI;
const servers = new Map<Dialect["type"], VendorServer>();

beforeAll(async () => {
  const providers: Record<string, object> = {};
  for (const dialect of DIALECTS) {
    const server = await startVendor(dialect.aside);
    servers.set(dialect.type, server);
    const api = dialect.type === "responses" ? { api: "responses" } : {};
    const type =
      dialect.type === "openai" || dialect.type === "responses" ? "openai_compatible" : dialect.type;
    const base = { api_key: dialect.key, base_url: server.origin + PATHS[dialect.type] };
    providers[`lab-${dialect.type}`] = { type, ...base, ...api };
  }
  rig = await createRig({ config: { providers } });
  daemon = await rig.start();
  openai = openAiOf(daemon.client);
});
afterAll(async () => {
  await rig.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
});

/** The vendor refuses what its real self would refuse. */
function script(dialect: Dialect, said: (body: Record<string, unknown>) => Said): VendorServer {
  const server = servers.get(dialect.type)!;
  server.use(async (out, { body }) => {
    const wrong = COMPLAINTS[dialect.type](body);
    out.head(wrong.length > 0 ? "application/json" : dialect.contentType, wrong.length > 0 ? 400 : 200);
    if (wrong.length > 0)
      await out.write(JSON.stringify({ error: { message: wrong.join("; "), code: 400 } }));
    else await out.cut(dialect.events(said(body)).join(""), 50);
    out.end();
  });
  return server;
}

const question = { role: "user" as const, content: "What time is it in Oslo and Rome?" };
const CALLING: Said = {
  reasoning: ["Which ", "zones?"],
  text: ["Look", "ing."],
  calls: ["Oslo", "Rome"].map((city) => ({ name: "now", args: JSON.stringify({ city }) })),
  stop: "tool_calls",
};

describe.each(DIALECTS)("$type", (dialect) => {
  const model = `lab-${dialect.type}/${MODEL}`;
  const base = { model, messages: [question] };

  test.each([false, true])("runTools goes round, streamed: %s", async (stream) => {
    const server = script(dialect, (body) =>
      JSON.stringify(body).includes("noon in") ? { text: ["It is noon."] } : CALLING,
    );
    const before = server.requests.length;
    const now = {
      type: "function" as const,
      function: {
        ...{ name: "now", description: "the time", parse: JSON.parse },
        parameters: { type: "object", properties: { city: { type: "string" } } },
        function: ({ city }: { city: string }) => `noon in ${city}`,
      },
    };
    const thought: unknown[] = [];
    const runner = stream
      ? openai.chat.completions
          .runTools({ ...base, tools: [now], stream })
          .on("chunk", ({ choices }: Chunk) => {
            for (const { delta } of choices) thought.push((delta as Thinking).reasoning_content);
          })
      : openai.chat.completions.runTools({ ...base, tools: [now] });
    expect(await runner.finalContent()).toBe("It is noon.");
    const [first] = runner.allChatCompletions();
    const { finish_reason: finish, message } = first!.choices[0]!;
    expect(finish).toBe("tool_calls");
    expect(message.content).toBe("Looking.");
    // The official client does not add up the pieces of a field that it does not know.
    expect(stream ? thought.join("") : (message as Thinking).reasoning_content).toBe("Which zones?");
    const calls = (message.tool_calls ?? []).map((call) => call.type === "function" && call.function);
    expect(calls).toMatchObject([
      { name: "now", arguments: '{"city":"Oslo"}' },
      { name: "now", arguments: '{"city":"Rome"}' },
    ]);
    const sent = server.requests.slice(before).map(({ body }) => JSON.stringify(body));
    expect(sent).toHaveLength(2);
    // Signed reasoning goes back to its vendor, though the client never saw it.
    expect(sent[1]!.includes("c2lnbmVk")).toBe(SIGNS.includes(dialect.type));
  });

  test("a history that another vendor began goes on here", async () => {
    script(dialect, () => ({ text: ["on it goes"] }));
    const ids = ["toolu_01/ä", "call_fc|long-and-odd-".padEnd(200, "x")];
    const calls = ids.map((id) => ({
      id,
      type: "function" as const,
      function: { name: "now", arguments: "{}" },
    }));
    const results = ids.map((id) => ({ role: "tool" as const, tool_call_id: id, content: "noon" }));
    const nothing = { role: "assistant" as const, content: "" };
    const called = { role: "assistant" as const, content: null, tool_calls: calls };
    const messages = [question, nothing, question, called, ...results];
    const { choices } = await openai.chat.completions.create({ model, messages });
    expect(choices[0]?.message.content).toBe("on it goes");
  });

  test("what the vendor counted, and why it stopped", async () => {
    for (const [stop, finish] of [
      ["stop", "stop"],
      ["length", "length"],
      ["filter", "content_filter"],
    ] as const) {
      // This vendor has no such thing as a filter.
      if (dialect.type === "ollama" && stop === "filter") continue;
      script(dialect, () => ({ text: ["half"], stop, usage: USAGE }));
      const options = { stream_options: { include_usage: true } };
      const streamed = await openai.chat.completions.stream({ ...base, ...options }).finalChatCompletion();
      for (const { choices, usage } of [await openai.chat.completions.create(base), streamed]) {
        expect([choices[0]?.finish_reason, choices[0]?.message.content]).toEqual([finish, "half"]);
        const has = (name: keyof typeof USAGE): boolean => dialect.counts.includes(name);
        expect(usage).toMatchObject({
          ...{ prompt_tokens: 120, completion_tokens: 34, total_tokens: 154 },
          prompt_tokens_details: { cached_tokens: has("cached") ? 100 : 0 },
          ...(has("reasoning") && { completion_tokens_details: { reasoning_tokens: 12 } }),
        });
      }
    }
  });
});
