// What is refused of a schedule before it exists, and in which words.

import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { ask } from "../support/home-sql.ts";
import type { Client } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";

let rig: Rig | undefined;
afterEach(() => rig?.close());

const post = (client: Client, more: object) =>
  client.post("/api/v1/schedules", { name: "x", cron_expr: "@daily", prompt: "task x", ...more });

test(row("M-06", "expressions that are none, fire too often or never, and too many schedules"), async () => {
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
  const schedules = [
    { name: "a", cron_expr: "* * * * * *", prompt: " " },
    { name: "a", cron_expr: "@daily", prompt: "x", timezone: "Mars/Phobos", agent: "codr" },
  ];
  rig = await createRig({ config: { schedules } });
  const checked = await runCli(rig.home, ["config", "validate"]);
  expect(checked.code).toBe(77);
  for (const piece of [
    ...[
      "schedules.0.cron_expr",
      "six fields",
      "schedules.0.prompt: it is empty",
      "schedules.1.name: another schedule is already called a",
    ],
    ...['no time zone "Mars/Phobos"', 'no agent is called "codr" (nearest: coder) — write coder'],
  ])
    expect(checked.stderr).toContain(piece);
});
