// Routing through the real daemon: which provider is really asked is where a task went, and what is told about it, by
// event, header and explanation, is the same.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRoutingRig, type RoutingRig } from "../support/routing-rig.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: RoutingRig;
let daemon: Daemon;
afterEach(() => rig.close());

const AGENTS = [
  { agent_id: "any", model: "auto" },
  { agent_id: "thinker", model: "tier:heavy" },
  { agent_id: "bare", model: "auto", tools: [] },
];

async function start(llm: Readonly<Record<string, unknown>> = {}): Promise<void> {
  rig = await createRoutingRig(llm, { agents: AGENTS });
  daemon = await rig.start();
}

interface Decided {
  readonly layer: string;
  readonly rule: string;
  readonly tier: string | null;
  readonly provider: string;
  readonly model: string;
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
  readonly steps: readonly { readonly verdict: string; readonly reason: string }[];
}

async function decisions(id: string): Promise<Decided[]> {
  const events = await readEvents(daemon.client, id);
  return events.filter(({ type }) => type === "route.decided").map(({ payload }) => payload as never);
}

/** Runs a task to its success and returns the one decision about it. */
async function decided(prompt: string, more: object = {}): Promise<Decided> {
  const id = await submit(daemon.client, prompt, more);
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED" });
  const all = await decisions(id);
  expect(all).toHaveLength(1);
  return all[0]!;
}

const chat = (model: string, content: string, more: object = {}) => ({
  ...{ model, messages: [{ role: "user", content }] },
  ...more,
});

const told = (headers: Readonly<Record<string, unknown>>) =>
  ["provider", "model", "layer", "rule"].map((name) => headers[`x-goclaw-${name}`]);

test("an agent's tier, a task's tier and a chat's tier go to that tier's chain", async () => {
  await start();
  expect(await decided("one", { agent: "thinker" })).toMatchObject({
    ...{ layer: "tier", rule: "tier:heavy", provider: "heavy", model: "h" },
  });
  expect(await decided("two", { model: "tier:light" })).toMatchObject({ tier: "light", provider: "light" });
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
  expect(await decided(`Please ${words}.`, { agent: "any" })).toMatchObject({
    ...{ layer: "heuristic", rule: "reasoning", tier: "heavy", provider: "heavy" },
  });
  expect(await decided("Improve the theorems", { agent: "any" })).toMatchObject({
    rule: "tools",
    tier: "medium",
  });
  expect(await decided("Hello!", { agent: "any" })).toMatchObject({ rule: "greeting", tier: "light" });
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
  expect(await decided("task e", { agent: "bare" })).toMatchObject({ layer: "fallback", tier: "medium" });
  const id = (
    await daemon.client.post("/api/v1/tasks", { prompt: "f", agent: "bare" }, { "x-job": "nightly" })
  ).json<{ task_id: string }>().task_id;
  await ended(daemon.client, id);
  expect(await decisions(id)).toMatchObject([{ layer: "static", rule: "nightly" }]);
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

const classifier = { model: "light/c", timeout_ms: 400 };
const unsure = { routing: { heuristics: [], classifier } };

test("auto: the classifier is really called, bounded, remembered, and paid for", async () => {
  rig = await createRoutingRig(unsure, {
    agents: AGENTS,
    models: [
      {
        id: "light/c",
        context_window: 9_000,
        max_output_tokens: 50,
        input_usd_per_mtok: 0,
        output_usd_per_mtok: 1_000,
      },
      {
        id: "heavy/h",
        context_window: 9_000,
        max_output_tokens: 50,
        input_usd_per_mtok: 0,
        output_usd_per_mtok: 0,
      },
      {
        id: "stub/m",
        context_window: 9_000,
        max_output_tokens: 50,
        input_usd_per_mtok: 0,
        output_usd_per_mtok: 0,
      },
    ],
    budgets: { per_day_usd: 1 },
  });
  daemon = await rig.start();
  rig.light.use(() => ({ text: "heavy" }));
  const id = await submit(daemon.client, "task odd", { agent: "any" });
  const task = await ended(daemon.client, id);
  expect(task).toMatchObject({ state: "SUCCEEDED", usage: { output_tokens: 3 } });
  expect(task.usage.cost_usd).toBeCloseTo(0.001, 9);
  expect(await decisions(id)).toMatchObject([{ layer: "classifier", rule: "light/c", tier: "heavy" }]);
  const [asked] = rig.light.calls;
  expect(asked?.body).toMatchObject({ model: "c", max_completion_tokens: 50 });
  expect(asked?.body.tools ?? []).toEqual([]);
  expect(JSON.stringify(asked?.body.messages)).toContain("task odd");
  await decided("task odd", { agent: "any" });
  expect(rig.counts()).toEqual([1, 0, 2]);
  const cost = (await daemon.client.get("/api/v1/cost?by=model")).json<{
    rows: { key: string; calls: number }[];
  }>();
  expect(cost.rows.find(({ key }) => key === "light/c")).toMatchObject({ calls: 1, cost_usd: 0.001 });
});

test("auto: a classifier that hangs, fails or babbles is passed over in its time", async () => {
  await start(unsure);
  for (const [reply, why] of [
    [{ fault: "hang" }, "no answer within 400 ms"],
    [{ fault: "400" }, "answered 400"],
    [{ text: "heavy, or perhaps light" }, "names no tier"],
    [{ text: "banana" }, "names no tier"],
  ] as const) {
    rig.light.use(() => reply);
    const route = await decided(`task odd ${why}`, { agent: "any" });
    expect(route).toMatchObject({ layer: "fallback", tier: "medium", provider: "stub" });
    expect(JSON.stringify(route.steps)).toContain(why);
  }
  expect(rig.light.calls).toHaveLength(4);
});

test("a decision outlives a kill: later attempts and turns go where the first one went", async () => {
  await start(unsure);
  rig.light.use(() => ({ text: "heavy" }));
  const prompt = "task kept tools=now gate=hold@1";
  const id = await submit(daemon.client, prompt, { agent: "any" });
  await rig.heavy.reached("hold");
  await daemon.kill();
  // Asked again, it would say something else.
  rig.light.use(() => ({ text: "light" }));
  rig.heavy.open("hold");
  daemon = await rig.start();
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED" });
  expect(await decisions(id)).toMatchObject([{ layer: "classifier", tier: "heavy" }]);
  expect(rig.counts()[0]).toBe(1);
  expect(rig.counts()[1]).toBe(0);
});

test("an explanation is the decision", async () => {
  const rules = [{ name: "r1", when: { headers: { "x-job": "n*" } }, use: "heavy" }];
  await start({ routing: { rules } });
  const prompts = [
    "hello",
    "prove the theorem",
    "what is the time in Rome",
    "optimize the algorithm",
    "w ".repeat(20_000),
  ];
  for (const [n, prompt] of prompts.entries()) {
    for (const header of ["night", "day"]) {
      const body = chat("auto", prompt);
      const reply = await daemon.client.post("/v1/chat/completions", body, { "x-job": header });
      const before = rig.counts();
      const { route } = (
        await daemon.client.post("/api/v1/route/explain", { prompt, headers: { "X-Job": header } })
      ).json<{ route: Record<string, unknown> }>();
      const { provider, model, layer, rule } = route;
      expect([n, header, provider, model, layer, rule]).toEqual([n, header, ...told(reply.headers)]);
      expect(rig.counts()).toEqual(before);
    }
    const live = await decided(prompt, { agent: "any" });
    const explained = await runCli(rig.home, ["route", "explain", prompt, "--agent", "any", "--json"]);
    expect(explained.json()).toMatchObject({
      route: { layer: live.layer, rule: live.rule, tier: live.tier, provider: live.provider },
    });
  }
});

test("route explain names the classifier, each link's state and every rule, and calls nobody", async () => {
  await start({ ...unsure, daily_limits: { heavy: 0, stub: 7 } });
  const shown = await runCli(rig.home, ["route", "explain", "task odd", "--model", "auto"]);
  expect(shown.code).toBe(0);
  for (const piece of ["A classifier would be asked: light/c, at most 400 ms", "stub/m", "0 of 7", "default"])
    expect(shown.stdout).toContain(piece);
  const tier = await runCli(rig.home, ["route", "explain", "x", "--model", "tier:heavy", "--json"]);
  expect(tier.json()).toMatchObject({
    route: {
      ...{ layer: "tier", provider: "stub", model: "m", classifier: null },
      chain: [
        { provider: "heavy", standing: "skipped", requests_today: 0, daily_limit: 0 },
        { provider: "stub", standing: "chosen" },
      ],
    },
  });
  expect(rig.counts()).toEqual([0, 0, 0]);
  const wrong = await runCli(rig.home, ["route", "explain", "x", "--model", "tier:hevy"]);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("tier:heavy")]);
});

test("/v1/models lists auto and the tiers; a tier that is not there is refused by name", async () => {
  await start();
  const list = (await daemon.client.get("/v1/models")).json<{ data: { id: string }[] }>();
  expect(list.data.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["auto", "tier:light", "tier:medium", "tier:heavy", "agent:any"]),
  );
  expect(list.data.map(({ id }) => id)).not.toContain("tier:local");
  expect((await daemon.client.get("/v1/models/tier:light")).status).toBe(200);
  expect((await daemon.client.post("/v1/chat/completions", chat("tier:local", "x"))).status).toBe(404);
  const bad = await daemon.client.post("/api/v1/tasks", { prompt: "x", model: "tier:local" });
  expect([bad.status, bad.text]).toEqual([404, expect.stringContaining("tier:heavy")]);
});

test("goclaw run takes a tier and auto, and says where the task went", async () => {
  await start();
  const ran = await runCli(rig.home, ["run", "task cli", "--model", "tier:heavy", "--verbose"]);
  expect([ran.code, ran.stdout.trim()]).toEqual([0, "done cli"]);
  expect(ran.stderr).toContain("goes to tier heavy, heavy/h by tier (tier:heavy)");
  await until("the call", () => rig.heavy.calls.length === 1);
});
