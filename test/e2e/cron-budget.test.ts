// What a schedule may spend: its own budget beside the others', over a kill, and raised while a run waits for it.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { ask } from "../support/home-sql.ts";
import { type KeyRig, startKeyRig } from "../support/keys.ts";
import { addSchedule, makeDue, runsOf, taskOf } from "../support/schedules.ts";
import { ended, taskWhere } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: KeyRig | undefined;
afterEach(() => rig?.close());

test("a schedule at its cap waits for budget while another goes on, and a kill leaks nothing", async () => {
  const keyRig = await startKeyRig();
  rig = keyRig;
  const { home, stub } = keyRig;
  // An answer reserves $0.01 and costs $0.002.
  await addSchedule(keyRig.daemon.client, "poor", {
    agent: "a",
    misfire: "all",
    budgets: { per_day_usd: 0.0105 },
  });
  await addSchedule(keyRig.daemon.client, "rich", {
    agent: "a",
    misfire: "all",
    budgets: { per_day_usd: 1 },
  });
  await keyRig.daemon.stop();
  makeDue(home, 3);
  keyRig.daemon = await keyRig.start();
  const waiting = (): string | undefined =>
    ask<{ id: string }>(home, "SELECT id FROM tasks WHERE reason_code = 'AWAITING_BUDGET'")[0]?.id;
  await until(
    "the poor one to wait, and the rich one to end",
    () => waiting() !== undefined && stub.count("task-rich") === 3,
  );
  const id = waiting() as string;
  expect(id).toBe(runsOf(home, "poor")[1]?.task_id);
  expect(runsOf(home, "poor").map(({ outcome }) => outcome)).toEqual(["caught_up", "caught_up", "waiting"]);
  const task = await taskWhere(keyRig.daemon.client, id, "rests", ({ state }) => state === "RETRY_WAIT");
  expect(task.error?.message).toContain("schedule poor: budgets.per_day_usd is $0.0105; $0.0020 are spent");
  const why = await runCli(home, ["task", "why", id]);
  for (const piece of ["AWAITING_BUDGET", "schedule poor: budgets.per_day_usd", "looked at again"])
    expect(why.stdout).toContain(piece);
  await keyRig.daemon.kill();
  keyRig.daemon = await keyRig.start();
  await taskWhere(
    keyRig.daemon.client,
    id,
    "waits again",
    ({ reason_code: code }) => code === "AWAITING_BUDGET",
  );
  const spent = ask<{ name: string; usd: number }>(
    home,
    `SELECT name, usd FROM spend_totals JOIN schedules ON scope = 'schedule:' || schedules.id
     WHERE period LIKE 'day:%' ORDER BY name`,
  );
  expect(spent).toEqual([
    { name: "poor", usd: expect.closeTo(0.002, 9) },
    { name: "rich", usd: expect.closeTo(0.006, 9) },
  ]);
  expect(ask(home, "SELECT 1 FROM reservations")).toEqual([]);
  const cost = await runCli(home, ["cost", "--by", "schedule"]);
  expect(cost.stdout).toMatch(/rich +3 .*\$0\.006/);
  expect(cost.stdout).toMatch(/poor +1 .*\$0\.002/);
  // Raised, it lets what waits go on at once, and then the slot behind it.
  const raised = await runCli(home, ["cron", "update", "poor", "--per-day-usd", "1"]);
  expect([raised.code, raised.stdout]).toEqual([
    0,
    expect.stringMatching(
      /next .*\ncost {6}about \$0\.048 a day: 24 runs a day of \$0\.002, by its own last 1 in/,
    ),
  ]);
  expect(await ended(keyRig.daemon.client, id)).toMatchObject({ state: "SUCCEEDED" });
  await until("the last slot to run", () => runsOf(home, "poor")[2]?.outcome === "caught_up");
}, 60_000);

test("calls in flight of one schedule count against its cap, and not against its neighbour's", async () => {
  const keyRig = await startKeyRig();
  rig = keyRig;
  const { home, stub } = keyRig;
  const budgets = { per_day_usd: 0.0105 };
  for (const name of ["one", "two"])
    await addSchedule(keyRig.daemon.client, name, { agent: "a", budgets, prompt: `task ${name} gate=hold` });
  await keyRig.daemon.stop();
  makeDue(home, 1);
  keyRig.daemon = await keyRig.start();
  await until("both to be in flight", () => stub.calls.length === 2);
  expect(ask(home, "SELECT 1 FROM reservations WHERE schedule_id IS NOT NULL")).toHaveLength(2);
  await keyRig.daemon.kill();
  stub.open("hold");
  keyRig.daemon = await keyRig.start();
  for (const name of ["one", "two"])
    expect(await ended(keyRig.daemon.client, taskOf(home, name))).toMatchObject({ state: "SUCCEEDED" });
  expect(ask(home, "SELECT 1 FROM reservations")).toEqual([]);
});

test("on_limit fail of a schedule ends its run", async () => {
  const keyRig = await startKeyRig();
  rig = keyRig;
  await addSchedule(keyRig.daemon.client, "strict", {
    agent: "a",
    budgets: { per_task_usd: 0.001, on_limit: "fail" },
  });
  await keyRig.daemon.stop();
  makeDue(keyRig.home, 1);
  keyRig.daemon = await keyRig.start();
  await until("it to fire", () => runsOf(keyRig.home).length === 1);
  expect(await ended(keyRig.daemon.client, taskOf(keyRig.home, "strict"))).toMatchObject({
    ...{ state: "FAILED", error: { code: "BUDGET_EXCEEDED" }, schedule_id: expect.any(String) },
  });
});
