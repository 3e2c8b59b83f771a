// What a user can find out beforehand: where a prompt would go and why, which names there are, without asking a model.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { chat, createRoutingRig, decided, type RoutingRig, told } from "../support/routing-rig.ts";

let rig: RoutingRig;
let daemon: Daemon;
afterEach(() => rig.close());

async function start(llm: Readonly<Record<string, unknown>> = {}): Promise<void> {
  rig = await createRoutingRig(llm);
  daemon = await rig.start();
}

const unsure = { routing: { heuristics: [], classifier: { model: "light/c", timeout_ms: 400 } } };

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
    const live = await decided(daemon.client, prompt, { agent: "any" });
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
  expect(rig.counts()).toEqual([0, 0, 1]);
});
