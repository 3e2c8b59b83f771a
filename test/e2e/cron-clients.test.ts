// Schedules as their clients see them: the command line, WebSocket under the names of the original, and REST.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { ask, change } from "../support/home-sql.ts";
import { type KeyRig, startKeyRig } from "../support/keys.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { addSchedule, makeDue, runsOf, taskOf } from "../support/schedules.ts";
import { ended, readTask } from "../support/tasks.ts";
import { runInTerminal } from "../support/terminal.ts";
import { until } from "../support/wait.ts";
import { connectWs } from "../support/ws.ts";

let rig: Rig | KeyRig | undefined;
afterEach(() => rig?.close());

test("the command line tells what comes and what it costs, and fits a terminal", async () => {
  const keyRig = await startKeyRig();
  rig = keyRig;
  const { home } = keyRig;
  const cron = (...words: string[]) => runCli(home, ["cron", ...words]);
  const berlin = ["--timezone", "Europe/Berlin", "--agent", "a"];
  const first = await cron("add", "report", "30 7 * * 1-5", "task report", ...berlin, "--per-day-usd", "0.5");
  expect([first.code, first.stderr]).toEqual([0, ""]);
  expect(first.stdout).toMatch(/^schedule {2}report\nfires {5}30 7 \* \* 1-5 in Europe\/Berlin\n/);
  expect(first.stdout).toMatch(/next {6}(\w{3} \d{4}-\d\d-\d\d 07:30(, )?){3}\n/);
  expect(first.stdout).toContain("cost      unknown: agent a has run nothing in 30 days; 0.7");
  await ended(
    keyRig.daemon.client,
    (await runCli(home, ["run", "task one", "--agent", "a", "--detach", "--json"])).lines<{
      task_id: string;
    }>()[0]!.task_id,
  );
  const off = await cron("disable", "report");
  expect(off.stdout).toBe("schedule report does not fire any more\n");
  const on = await cron("enable", "report");
  expect(on.stdout).toMatch(
    /cost {6}about \$0\.001\d* a day: 0\.7\d* runs a day of \$0\.002, by agent a's last 1 in 30 days/,
  );
  const json = (await cron("enable", "report", "--json")).json<{ outlook: object }>();
  expect(json).toMatchObject({
    enabled: true,
    outlook: { based_on: "agent", tasks: 1, usd_per_run: expect.closeTo(0.002, 9) },
  });
  const list = await cron("list");
  expect(list.stdout).toMatch(
    /NAME +NEXT +LAST +AGENT +ZONE +EXPRESSION\nreport +\w{3} \d{4}-\d\d-\d\d 07:30 +- +a +Europe\/Berlin +30 7/,
  );
  expect((await cron("runs", "report")).stderr).toBe("none of its slots has come yet\n");
  expect((await cron("remove", "report")).stdout).toBe("schedule report is removed\n");
  const gone = await cron("enable", "report");
  expect([gone.code, gone.stderr]).toEqual([
    1,
    expect.stringContaining(
      'there is no schedule "report"; goclaw cron list shows them (SCHEDULE_NOT_FOUND)',
    ),
  ]);
  expect((await cron("list")).stderr).toContain("there are no schedules");
  expect((await cron("list", "--agent", "zzz")).stderr).toContain("agent zzz has no schedules");
  expect((await cron("add", "x", "@daily", "y", "--misfire", "onc")).stderr).toContain("Did you mean once?");
  await keyRig.daemon.stop();
  const alone = await cron("add", "x", "@daily", "task x", "--agent", "a");
  expect([alone.code, alone.stderr]).toEqual([
    0,
    expect.stringContaining("no daemon runs, so nothing fires"),
  ]);
  keyRig.daemon = await keyRig.start();
});

test("a WebSocket client uses the names of the original", async () => {
  rig = await createRig();
  const daemon = await rig.start();
  const client = await connectWs(daemon.client);
  const payload = JSON.stringify({ content: "task old" });
  const { schedule_id: id } = await client.call<{ schedule_id: string }>("cron.add", {
    name: "old",
    cron_expr: "@hourly",
    payload,
  });
  const { schedules } = await client.call<{ schedules: object[] }>("cron.list");
  expect(schedules).toMatchObject([
    { id, name: "old", prompt: "task old", created_by: "token", source: "api" },
  ]);
  expect((await daemon.client.get("/api/v1/schedules")).json()).toEqual({ schedules });
  expect(await client.call("cron.disable", { schedule_id: id })).toMatchObject({ disabled: true });
  expect(await client.call("cron.enable", { schedule_id: id })).toMatchObject({ enabled: true });
  expect(await client.call("cron.runs", { schedule_id: id })).toEqual({ runs: [], next_cursor: null });
  expect(await client.call("cron.remove", { schedule_id: id })).toEqual({ schedule_id: id, deleted: true });
  const again = await client.ask("cron.remove", { schedule_id: id });
  expect([again.error?.code, again.error?.data.code]).toEqual([-32004, "SCHEDULE_NOT_FOUND"]);
});

test("a schedule is changed where it was made, and goes by its new clock from now on", async () => {
  rig = await createRig({
    config: { schedules: [{ name: "filed", cron_expr: "@daily", prompt: "task filed" }] },
  });
  const { client } = await rig.start();
  const id = await addSchedule(client, "changed", { budgets: { per_day_usd: 1 } });
  const update = (name: string, body: object) => client.post(`/api/v1/schedules/${name}`, body);
  const changes = {
    cron_expr: "0 0 1 1 *",
    timezone: "Asia/Tokyo",
    prompt: "task other",
    overlap: "queue",
    model: "other",
  };
  const reply = await update("changed", { ...changes, budgets: { per_month_usd: 5 } });
  expect(reply.json()).toMatchObject({
    schedule: { id, ...changes, misfire: "once", budgets: { per_day_usd: 1, per_month_usd: 5 } },
  });
  const { schedule } = reply.json<{ schedule: { next_at: string } }>();
  expect(schedule.next_at).toMatch(/^\d{4}-12-31T15:00:00\.000Z$/);
  expect((await update("changed", { cron_expr: "0 0 31 2 *" })).text).toContain("never fires");
  expect((await update("filed", { prompt: "x" })).json()).toMatchObject({
    error: { code: "STATE_CONFLICT" },
  });
  expect((await client.post("/api/v1/schedules/changed/disable")).status).toBe(200);
  expect((await update("changed", { cron_expr: "@hourly" })).json()).toMatchObject({
    schedule: { enabled: false },
  });
});

test("a run reads like any task of its schedule", async () => {
  rig = await createRig();
  const first = await rig.start();
  const id = await addSchedule(first.client, "read");
  await first.stop();
  makeDue(rig.home, 1);
  const { home } = rig;
  const { client } = await rig.start();
  await until("it to fire", () => runsOf(home).length === 1);
  const task = taskOf(home, "read");
  await ended(client, task);
  expect(await readTask(client, task)).toMatchObject({ schedule_id: id, kind: "chat", agent_id: "default" });
  const { runs } = (await client.get("/api/v1/schedules/read/runs?limit=1")).json<{ runs: object[] }>();
  expect(runs).toMatchObject([{ outcome: "caught_up", task_id: task, task_state: "SUCCEEDED" }]);
  expect((await client.get("/api/v1/schedules/read/runs?cursor=no")).status).toBe(400);
});

test("what changes nothing, asks nothing, or hardly ever fires is told so", async () => {
  rig = await createRig({ config: { schedules: [{ name: "filed", cron_expr: "@daily", prompt: "x" }] } });
  const { client } = await rig.start();
  const { home } = rig;
  await addSchedule(client, "one");
  const nothing = await runCli(home, ["cron", "update", "one"]);
  expect([nothing.code, nothing.stderr]).toEqual([
    2,
    expect.stringContaining("say what changes, such as --prompt or --per-day-usd"),
  ]);
  // What is not said stays: no default is told.
  expect((await runCli(home, ["cron", "update", "--help"])).stdout).not.toContain("default");
  for (const [path, body] of [
    ["", { name: "two", cron_expr: "@daily", prompt: " \n" }],
    ["", { name: "two", cron_expr: "@daily", payload: "  " }],
    ["/one", { prompt: "\t" }],
  ] as const) {
    const reply = await client.post(`/api/v1/schedules${path}`, body);
    expect([reply.status, reply.text]).toEqual([
      400,
      expect.stringContaining("the prompt is empty; say what"),
    ]);
  }
  const rare = await client.post("/api/v1/schedules", {
    ...{ name: "rare", cron_expr: "0 0 29 2 *", prompt: "task rare" },
  });
  const { outlook } = rare.json<{ outlook: { runs_per_day: number } }>();
  expect(outlook.runs_per_day).toBeGreaterThan(1 / (9 * 366));
  expect(outlook.runs_per_day).toBeLessThan(1);
});

test("a narrow terminal keeps when a schedule fires next, and one that is off says why", async () => {
  rig = await createRig();
  const first = await rig.start();
  await addSchedule(first.client, "narrow", { timezone: "America/Argentina/Buenos_Aires" });
  await addSchedule(first.client, "broken");
  await first.stop();
  change(rig.home, "UPDATE schedules SET cron_expr = '* * * * * *' WHERE name = 'broken'");
  makeDue(rig.home, 1, "broken");
  await rig.start();
  const { home } = rig;
  await until("it to be off", () => ask(home, "SELECT 1 FROM schedules WHERE off IS NOT NULL").length === 1);
  const wide = await runCli(home, ["cron", "list"]);
  expect(wide.stdout).toMatch(/^broken +off: invalid/m);
  expect(wide.stderr).toMatch(/^broken is off: invalid: .*six fields/m);
  const narrow = await runInTerminal(home, ["cron", "list"], { columns: 50 });
  expect(narrow.text).toMatch(/narrow +\w{3} \d{4}-\d\d-\d\d \d\d:\d\d/);
});
