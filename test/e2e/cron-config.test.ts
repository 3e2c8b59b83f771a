// Schedules of config.yaml: they fire, and what the file says is followed at the next start.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { writeConfig } from "../support/home.ts";
import { ask, change } from "../support/home-sql.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { allEnded, hourly, MINUTE_MS, makeDue, runsOf } from "../support/schedules.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

test("a schedule of config.yaml fires its task, and goes on to its next slot", async () => {
  const schedules = [{ name: "tick", cron_expr: "* * * * *", prompt: "task tick" }];
  rig = await createRig({ config: { schedules } });
  const first = await rig.start();
  expect(runsOf(rig.home)).toEqual([]);
  await first.stop();
  const slot = Math.floor(Date.now() / MINUTE_MS - 10) * MINUTE_MS;
  change(rig.home, `UPDATE schedules SET next_at = ${slot}`);
  await rig.start();
  await until(
    "the task to end",
    () => ask(rig.home, "SELECT 1 FROM tasks WHERE state = 'SUCCEEDED'").length === 1,
  );
  const rows = runsOf(rig.home);
  expect(rows.length).toBeGreaterThanOrEqual(11);
  expect(rows[0]).toMatchObject({ slot_at: slot, outcome: "missed" });
  expect(rows.slice(0, -1).every(({ outcome }) => outcome === "missed")).toBe(true);
  expect(rows.at(-1)?.outcome).toMatch(/ran|caught_up/);
  expect(rig.stub.calls).toHaveLength(1);
  const [{ next_at: next } = { next_at: 0 }] = ask<{ next_at: number }>(
    rig.home,
    "SELECT next_at FROM schedules",
  );
  expect(next).toBeGreaterThan(Date.now() - 1_000);
});

test("what config.yaml says is followed at the next start, and history stays", async () => {
  const { expression } = hourly();
  const one = { name: "one", cron_expr: expression, prompt: "task one", session: "keep" };
  rig = await createRig({
    config: { schedules: [one, { name: "two", cron_expr: "@daily", prompt: "task two" }] },
  });
  const base = (schedules: object[]): void => {
    const config = { bind_addr: "127.0.0.1:0", llm: { provider: "stub", model: "m" }, schedules };
    const stub = { type: "openai_compatible", base_url: rig.stub.baseUrl, api_key: "sk-stub-key" };
    writeConfig(rig.home, { ...config, providers: { stub } });
  };
  const list = async (client: { get: (path: string) => Promise<{ json: <T>() => T }> }) =>
    (await client.get("/api/v1/schedules")).json<{
      schedules: { name: string; id: string; enabled: boolean; session_id?: string }[];
    }>().schedules;
  const first = await rig.start();
  const before = await list(first.client);
  expect(before.map(({ name, enabled }) => [name, enabled])).toEqual([
    ["one", true],
    ["two", true],
  ]);
  expect((await first.client.send("DELETE", "/api/v1/schedules/one")).json()).toMatchObject({
    error: { code: "STATE_CONFLICT" },
  });
  expect((await first.client.post("/api/v1/schedules/two/disable")).status).toBe(200);
  await first.stop();
  makeDue(rig.home, 1, "one");
  base([
    { ...one, prompt: "task changed" },
    { name: "two", cron_expr: "@daily", prompt: "task two" },
  ]);
  const second = await rig.start();
  await until("the changed prompt to run", () => rig.stub.count("task-changed") === 1 && allEnded(rig.home));
  const after = await list(second.client);
  expect(after.map(({ id, name, enabled }) => [id, name, enabled])).toEqual([
    [before[0]?.id, "one", true],
    [before[1]?.id, "two", false],
  ]);
  expect(before[0]?.session_id).toBeTypeOf("string");
  expect(after[0]?.session_id).toBe(before[0]?.session_id);
  await second.stop();
  base([]);
  const third = await rig.start();
  expect(await list(third.client)).toEqual([]);
  expect(ask(rig.home, "SELECT 1 FROM schedule_runs")).toHaveLength(1);
  await third.stop();
  base([one]);
  const fourth = await rig.start();
  const { id, session_id: session } = before[0] ?? {};
  expect(await list(fourth.client)).toMatchObject([{ id, session_id: session }]);
  expect(
    (await runCli(rig.home, ["cron", "runs", "one", "--json"])).json<{ runs: object[] }>().runs,
  ).toHaveLength(1);
});
