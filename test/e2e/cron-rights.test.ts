// What a schedule may spend and do: its own budget beside the others', the rights of whoever made it as they are when it
// fires, and what is refused before it exists.

import { afterEach, describe, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Client } from "../support/http.ts";
import { type KeyRig, startKeyRig } from "../support/keys.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { addSchedule, ask, change, makeDue, runsOf } from "../support/schedules.ts";
import { ended, readTask, taskWhere } from "../support/tasks.ts";
import { until } from "../support/wait.ts";
import { connectWs } from "../support/ws.ts";

let rig: Rig | KeyRig | undefined;
afterEach(() => rig?.close());

const taskOf = (home: string, name: string): string => runsOf(home, name).at(-1)?.task_id as string;

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

describe("rights", () => {
  test(
    row("M-03", "a schedule has its maker's rights as they are when it fires: a revoked key's does not"),
    async () => {
      const keyRig = await startKeyRig();
      rig = keyRig;
      const { client } = await keyRig.addKey("client", "--agents", "a");
      await addSchedule(client, "kept", { agent: "a" });
      await keyRig
        .addKey("other", "--agents", "a")
        .then(({ client: other }) => addSchedule(other, "lost", { agent: "a" }));
      await keyRig.daemon.stop();
      makeDue(keyRig.home, 1);
      change(keyRig.home, "UPDATE api_keys SET revoked_at = 1 WHERE name = 'other'");
      keyRig.daemon = await keyRig.start();
      await until("both to be decided", () => runsOf(keyRig.home).length === 2);
      expect(await ended(keyRig.daemon.client, taskOf(keyRig.home, "kept"))).toMatchObject({
        state: "SUCCEEDED",
      });
      const keys = ask(
        keyRig.home,
        "SELECT api_keys.name FROM tasks JOIN api_keys ON api_keys.id = tasks.key_id",
      );
      expect(keys).toEqual([{ name: "client" }]);
      expect(runsOf(keyRig.home, "lost")).toMatchObject([
        {
          outcome: "skipped",
          reason_code: "KEY_DENIED",
          reason: expect.stringContaining("(other) was revoked"),
        },
      ]);
      expect(keyRig.stub.count("task-lost")).toBe(0);
    },
  );

  test("a key adds for its agents, and changes only what it made", async () => {
    const keyRig = await startKeyRig();
    rig = keyRig;
    const { client } = await keyRig.addKey("client", "--agents", "a");
    await addSchedule(keyRig.daemon.client, "owners", { agent: "a" });
    await addSchedule(keyRig.daemon.client, "hidden", { agent: "b" });
    await addSchedule(client, "own", { agent: "a" });
    const denied = async (method: string, path: string, body?: object): Promise<unknown> =>
      (await client.send(method, path, body === undefined ? {} : { body })).json<{
        error: { code: string };
      }>().error?.code;
    const body = { name: "x", cron_expr: "@daily", prompt: "task x" };
    expect(await denied("POST", "/api/v1/schedules", { ...body, agent: "b" })).toBe("KEY_DENIED");
    expect(await denied("DELETE", "/api/v1/schedules/owners")).toBe("KEY_DENIED");
    expect(await denied("POST", "/api/v1/schedules/owners/disable")).toBe("KEY_DENIED");
    expect(await denied("POST", "/api/v1/schedules/hidden/enable")).toBe("KEY_DENIED");
    expect(await denied("GET", "/api/v1/schedules/hidden/runs")).toBe("KEY_DENIED");
    expect((await client.get("/api/v1/schedules/owners/runs")).status).toBe(200);
    const names = (await client.get("/api/v1/schedules")).json<{ schedules: { name: string }[] }>().schedules;
    expect(names.map(({ name }) => name)).toEqual(["own", "owners"]);
    expect((await client.post("/api/v1/schedules/own/disable")).status).toBe(200);
    expect((await client.send("DELETE", "/api/v1/schedules/own")).status).toBe(200);
    const { home } = keyRig;
    const audited = ask<{ resource: string }>(
      home,
      "SELECT resource FROM audit WHERE resource LIKE 'cron.%' AND decision = 'allow'",
    );
    expect(audited.map(({ resource }) => resource)).toContain("cron.add own");
  });

  test(row("M-03", "what the session held in which a schedule was made, its tasks begin with"), async () => {
    rig = await createRig();
    const first = await rig.start();
    await addSchedule(first.client, "tainted", { prompt: "task tainted" });
    await addSchedule(first.client, "clean", { prompt: "task clean" });
    await first.stop();
    makeDue(rig.home, 1);
    change(rig.home, "UPDATE schedules SET labels = 'outside untrusted' WHERE name = 'tainted'");
    rig.stub.use((_body, { turn, key }) =>
      turn === 0 ? { toolCalls: [{ name: "exec", args: { argv: ["true"] } }] } : { text: `done ${key}` },
    );
    const { home } = rig;
    await rig.start();
    await until(
      "both to be judged",
      () => ask(home, "SELECT 1 FROM audit WHERE capability = 'tools.exec'").length >= 2,
    );
    const audited = ask<{ name: string; decision: string; code: string | null; taint: string }>(
      home,
      `SELECT schedules.name, v_audit.decision, v_audit.code, v_audit.taint
       FROM v_audit JOIN tasks ON tasks.id = v_audit.task_id JOIN schedules ON schedules.id = tasks.schedule_id
       WHERE capability = 'tools.exec' ORDER BY schedules.name`,
    );
    expect(audited).toMatchObject([
      { name: "clean", decision: "allow", taint: "" },
      { name: "tainted", decision: "ask", code: "TAINT_EXEC", taint: "outside untrusted" },
    ]);
  });
});

describe("what is refused", () => {
  const post = (client: Client, more: object) =>
    client.post("/api/v1/schedules", { name: "x", cron_expr: "@daily", prompt: "task x", ...more });

  test(row(
    "M-06",
    "expressions that are none, fire too often or never, and too many schedules",
  ), async () => {
    rig = await createRig();
    const { client } = await rig.start();
    const bad: readonly [string, RegExp][] = [
      ["* * * * * *", /six fields: seconds/],
      ["0 0 1 1 * 2099", /six fields/],
      ["@reboot", /names no time/],
      ["@secondly", /shortest interval is one minute/],
      ["@dayly", /there is no "@dayly"/],
      ["*/0 * * * *", /minute "\*\/0": a step is at least 1/],
      ["*/60 * * * *", /a step of 60/],
      ["60 * * * *", /must be from 0 to 59/],
      ["* 24 * * *", /hour "24"/],
      ["* * 0 * *", /day of the month "0"/],
      ["* * * foo *", /month "foo"/],
      ["5-1 * * * *", /ends before it begins/],
      ["* * * * 8", /day of the week "8"/],
      ["H * * * *", /minute "h"/],
      ["0 0 L * *", /day of the month "l"/],
      ["0 0 30 2 *", /never fires/],
      ["0 0 31 4,6,9,11 *", /never fires/],
      ["", /0 fields/],
      ["* * * *", /4 fields/],
      [`${"0,".repeat(5_000)}0 * * * *`, /bytes and may have 256/],
      ["\u0000 * * * *", /minute/],
    ];
    for (const [expression, message] of bad) {
      const reply = await post(client, { cron_expr: expression });
      const { error } = reply.json<{ error: { code: string; message: string } }>();
      expect([expression.slice(0, 20), reply.status, error.code]).toEqual([
        expression.slice(0, 20),
        400,
        "BAD_REQUEST",
      ]);
      expect(error.message).toMatch(message);
      expect(error.message.length).toBeLessThan(400);
    }
    const others: readonly [object, number, RegExp][] = [
      [{ timezone: "Mars/Phobos" }, 400, /no such zone/],
      [{ timezone: "+02:00" }, 400, /no such zone/],
      [{ agent: "nobody" }, 404, /there is no agent .*nobody/],
      [{ name: "../x" }, 400, /name/],
      [{ prompt: "" }, 400, /prompt/],
      [{ payload: "twice" }, 400, /only once/],
      [{ model: "tier:nope" }, 404, /tier:nope/],
      [{ misfire: "never" }, 400, /misfire/],
      [{ budgets: { per_day_usd: -1 } }, 400, /per_day_usd/],
      [{ colour: "red" }, 400, /colour/],
    ];
    for (const [more, status, message] of others) {
      const reply = await post(client, more);
      expect([more, reply.status]).toEqual([more, status]);
      expect(reply.text).toMatch(message);
    }
    expect(ask(rig.home, "SELECT 1 FROM schedules")).toEqual([]);
    for (let n = 0; n < 100; n++) expect((await post(client, { name: `s${n}` })).status).toBe(201);
    expect((await post(client, { name: "s99" })).json()).toMatchObject({ error: { code: "STATE_CONFLICT" } });
    const full = await post(client, { name: "one-more" });
    expect([full.status, full.text]).toEqual([
      400,
      expect.stringContaining("has 100 schedules, as many as it may"),
    ]);
    expect((await post(client, { name: "elsewhere", agent: "coder" })).status).toBe(201);
  }, 60_000);

  test(row("M-06", "a bad schedule in config.yaml stops the start and names its line"), async () => {
    const { expression } = { expression: "* * * * * *" };
    const schedules = [
      { name: "a", cron_expr: expression, prompt: "x" },
      { name: "a", cron_expr: "@daily", prompt: "x", timezone: "Mars/Phobos", agent: "codr" },
    ];
    rig = await createRig({ config: { schedules } });
    const checked = await runCli(rig.home, ["config", "validate"]);
    expect(checked.code).toBe(77);
    for (const piece of [
      ...["schedules.0.cron_expr", "six fields", "schedules.1.name: another schedule is already called a"],
      ...['no time zone "Mars/Phobos"', 'no agent is called "codr" (nearest: coder) — write coder'],
    ])
      expect(checked.stderr).toContain(piece);
  });
});

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
