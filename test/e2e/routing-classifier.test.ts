// The classifier, seen on the wire: called when no rule fits, bounded in time, tokens and money, and asked once a task.

import { afterEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { createRoutingRig, decided, decisions, type RoutingRig } from "../support/routing-rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: RoutingRig;
let daemon: Daemon;
afterEach(() => rig.close());

async function start(llm: Readonly<Record<string, unknown>> = {}): Promise<void> {
  rig = await createRoutingRig(llm);
  daemon = await rig.start();
}

const classifier = { model: "light/c", timeout_ms: 1500 };
const unsure = { routing: { heuristics: [], classifier } };

test("auto: the classifier is really called, bounded, remembered, and paid for", async () => {
  rig = await createRoutingRig(unsure, {
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
  expect(await decisions(daemon.client, id)).toMatchObject([
    { layer: "classifier", rule: "light/c", tier: "heavy" },
  ]);
  const [asked] = rig.light.calls;
  expect(asked?.body).toMatchObject({ model: "c", max_completion_tokens: 50 });
  expect(asked?.body.tools ?? []).toEqual([]);
  expect(JSON.stringify(asked?.body.messages)).toContain("task odd");
  await decided(daemon.client, "task odd", { agent: "any" });
  expect(rig.counts()).toEqual([1, 0, 2]);
  const cost = (await daemon.client.get("/api/v1/cost?by=model")).json<{
    rows: { key: string; calls: number }[];
  }>();
  expect(cost.rows.find(({ key }) => key === "light/c")).toMatchObject({ calls: 1, cost_usd: 0.001 });
});

test("auto: a classifier that hangs, fails or babbles is passed over in its time", async () => {
  await start(unsure);
  for (const [reply, why] of [
    [{ fault: "hang" }, "no answer within 1500 ms"],
    [{ fault: "400" }, "answered 400"],
    [{ text: "heavy, or perhaps light" }, "names no tier"],
    [{ text: "banana" }, "names no tier"],
  ] as const) {
    rig.light.use(() => reply);
    const route = await decided(daemon.client, `task odd ${why}`, { agent: "any" });
    expect(route).toMatchObject({ layer: "fallback", tier: "medium", provider: "stub" });
    expect(JSON.stringify(route.steps)).toContain(why);
  }
  expect(rig.light.calls).toHaveLength(4);
});

test("auto: a classifier that no budget can pay is passed over, and the task itself is not", async () => {
  const free = {
    context_window: 9_000,
    max_output_tokens: 50,
    input_usd_per_mtok: 0,
    output_usd_per_mtok: 0,
  };
  const models = [
    { ...free, id: "stub/m" },
    { ...free, id: "light/c", output_usd_per_mtok: 1_000 },
  ];
  rig = await createRoutingRig(unsure, { models, budgets: { per_day_usd: 0.01 } });
  daemon = await rig.start();
  const route = await decided(daemon.client, "task poor", { agent: "any" });
  expect(route).toMatchObject({ layer: "fallback", provider: "stub" });
  expect(JSON.stringify(route.steps)).toContain("budgets.per_day_usd");
  expect(rig.counts()).toEqual([0, 1, 0]);
});

test("auto: a classifier that fails and was billed all the same is paid for", async () => {
  const price = { context_window: 9_000, max_output_tokens: 50, input_usd_per_mtok: 0 };
  rig = await createRoutingRig(unsure, {
    models: [
      { ...price, id: "light/c", output_usd_per_mtok: 1_000 },
      { ...price, id: "stub/m", output_usd_per_mtok: 0 },
    ],
    budgets: { per_day_usd: 1 },
  });
  daemon = await rig.start();
  rig.light.use(() => ({ fault: "billed" }));
  const id = await submit(daemon.client, "task odd", { agent: "any" });
  const task = await ended(daemon.client, id);
  expect(task).toMatchObject({ state: "SUCCEEDED", usage: { output_tokens: 7 } });
  expect(task.usage.cost_usd).toBeCloseTo(0.005, 9);
  expect(await decisions(daemon.client, id)).toMatchObject([{ layer: "fallback", provider: "stub" }]);
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
  expect(await decisions(daemon.client, id)).toMatchObject([{ layer: "classifier", tier: "heavy" }]);
  expect(rig.counts()[0]).toBe(1);
  expect(rig.counts()[1]).toBe(0);
});
