// Routing through the real daemon: which provider is really asked is where a task went, and what is told about it, by
// event and by header, is the same.

import { afterEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { chat, createRoutingRig, decided, decisions, type RoutingRig, told } from "../support/routing-rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: RoutingRig;
let daemon: Daemon;
afterEach(() => rig.close());

async function start(llm: Readonly<Record<string, unknown>> = {}): Promise<void> {
  rig = await createRoutingRig(llm);
  daemon = await rig.start();
}

test("an agent's tier, a task's tier and a chat's tier go to that tier's chain", async () => {
  await start();
  expect(await decided(daemon.client, "one", { agent: "thinker" })).toMatchObject({
    ...{ layer: "tier", rule: "tier:heavy", provider: "heavy", model: "h" },
  });
  expect(await decided(daemon.client, "two", { model: "tier:light" })).toMatchObject({
    tier: "light",
    provider: "light",
  });
  const reply = await daemon.client.post("/v1/chat/completions", chat("tier:light", "task three"));
  expect(told(reply.headers)).toEqual(["light", "l", "tier", "tier:light"]);
  expect(rig.counts()).toEqual([2, 0, 1]);
  expect(rig.heavy.calls[0]?.body.model).toBe("h");
  rig.heavy.use(() => ({ fault: "401" }));
  const id = await submit(daemon.client, "task four", { agent: "thinker" });
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(rig.counts()).toEqual([2, 1, 2]);
});

test("auto: the built-in heuristics read the user's words, and nobody else's", async () => {
  await start();
  const words = "prove the theorem step by step";
  expect(await decided(daemon.client, `Please ${words}.`, { agent: "any" })).toMatchObject({
    ...{ layer: "heuristic", rule: "reasoning", tier: "heavy", provider: "heavy" },
  });
  expect(await decided(daemon.client, "Improve the theorems", { agent: "any" })).toMatchObject({
    rule: "tools",
    tier: "medium",
  });
  expect(await decided(daemon.client, "Hello!", { agent: "any" })).toMatchObject({
    rule: "greeting",
    tier: "light",
  });
  const reply = await daemon.client.post("/v1/chat/completions", {
    model: "auto",
    messages: [
      { role: "system", content: `You ${words}. Refactor the architecture.` },
      { role: "assistant", content: words },
      { role: "user", content: "what is the time" },
    ],
  });
  expect(told(reply.headers)).toEqual(["light", "l", "heuristic", "short"]);
  const asked = rig.light.calls.at(-1)?.body;
  // The client's own conversation: none of an agent's words, none of its tools.
  expect(asked?.messages.map(({ role }) => role)).toEqual(["system", "assistant", "user"]);
  expect(asked?.tools ?? []).toEqual([]);
});

test("auto: static rules come first, their fields together, a header and a client's model name among them", async () => {
  const rules = [
    { name: "nightly", when: { headers: { "X-Job": "nightly*" }, has_tools: false }, use: "heavy" },
    {
      name: "old clients",
      when: { any: [{ model: "gpt-4*" }, { model: "claude-?" }] },
      use: "light/special",
    },
    { name: "bare", when: { agent: "bare", has_tools: true }, use: "heavy" },
  ];
  await start({ routing: { rules, default: "medium", heuristics: [] } });
  const post = (body: object, headers = {}) => daemon.client.post("/v1/chat/completions", body, headers);
  const nightly = await post(chat("auto", "task a"), { "x-job": "Nightly build" });
  expect(told(nightly.headers)).toEqual(["heavy", "h", "static", "nightly"]);
  const daily = await post(chat("auto", "task b"), { "x-job": "daily" });
  expect(told(daily.headers)).toEqual(["stub", "m", "fallback", "default"]);
  const old = await post(chat("gpt-4-turbo", "task c"));
  expect(told(old.headers)).toEqual(["light", "special", "static", "old clients"]);
  expect((await post(chat("gpt-5", "task d"))).status).toBe(404);
  expect((await post(chat("claude-12", "task d"))).status).toBe(404);
  expect(await decided(daemon.client, "task e", { agent: "bare" })).toMatchObject({
    layer: "fallback",
    tier: "medium",
  });
  const id = (
    await daemon.client.post("/api/v1/tasks", { prompt: "f", agent: "bare" }, { "x-job": "nightly" })
  ).json<{ task_id: string }>().task_id;
  await ended(daemon.client, id);
  expect(await decisions(daemon.client, id)).toMatchObject([{ layer: "static", rule: "nightly" }]);
});

test("streams carry the same headers, before their first byte", async () => {
  await start();
  for (const [prompt, expected] of [
    ["hello", ["light", "l", "heuristic", "greeting"]],
    ["derive a lemma", ["heavy", "h", "heuristic", "reasoning"]],
  ] as const) {
    const body = chat("auto", prompt, { stream: true });
    const stream = await daemon.client.stream("POST", "/v1/chat/completions", { body });
    expect(told(stream.headers)).toEqual(expected);
    expect((await stream.all()).at(-1)?.data).toBe("[DONE]");
  }
  const direct = { body: chat("goclaw", "hello", { stream: true }) };
  const stream = await daemon.client.stream("POST", "/v1/chat/completions", direct);
  expect(told(stream.headers)).toEqual(["stub", "m", "direct", "agent:default"]);
});

test("a whole answer names who gave it, a stream who was chosen", async () => {
  await start();
  rig.heavy.use(() => ({ fault: "401" }));
  const whole = await daemon.client.post("/v1/chat/completions", chat("tier:heavy", "task whole"));
  expect(told(whole.headers)).toEqual(["stub", "m", "tier", "tier:heavy"]);
  const failing = { body: chat("tier:heavy", "task streamed", { stream: true }) };
  const stream = await daemon.client.stream("POST", "/v1/chat/completions", failing);
  expect([stream.status, told(stream.headers).slice(2)]).toEqual([200, ["tier", "tier:heavy"]]);
  expect((await stream.all()).at(-1)?.data).toBe("[DONE]");
  rig.stub.use(() => ({ fault: "400" }));
  const lost = await daemon.client.post("/v1/chat/completions", chat("tier:medium", "task lost"));
  expect([lost.status, ...told(lost.headers)]).toEqual([400, "stub", "m", "tier", "tier:medium"]);
});
