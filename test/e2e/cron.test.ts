// Schedules through the real daemon: what is due fires, what was missed is caught up or recorded, runs do not overlap,
// and a kill around the firing neither doubles a slot nor loses one.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { writeConfig } from "../support/home.ts";
import { createRig, type Rig } from "../support/rig.ts";
import {
  addSchedule,
  ask,
  change,
  hourly,
  MINUTE_MS,
  makeDue,
  type RunRow,
  runsOf,
} from "../support/schedules.ts";
import { ended, taskWhere } from "../support/tasks.ts";
import { createSeeded, until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

const outcomes = (name: string): string[] => runsOf(rig.home, name).map(({ outcome }) => outcome);
const allEnded = (): boolean => ask(rig.home, "SELECT 1 FROM tasks WHERE finished_at IS NULL").length === 0;

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

test("after three slots without a daemon each policy does what it says", async () => {
  rig = await createRig();
  const first = await rig.start();
  for (const misfire of ["skip", "once", "all"]) await addSchedule(first.client, misfire, { misfire });
  await first.stop();
  makeDue(rig.home, 3);
  const { client } = await rig.start();
  const slots = hourly().slotsBack(3);
  await until(
    "all that catches up to end",
    () => outcomes("all").every((outcome) => outcome === "caught_up") && allEnded(),
  );
  expect(runsOf(rig.home).map(({ slot_at }) => slot_at)).toEqual([...slots, ...slots, ...slots]);
  expect([outcomes("skip"), outcomes("once"), outcomes("all")]).toEqual([
    ["missed", "missed", "missed"],
    ["missed", "missed", "caught_up"],
    ["caught_up", "caught_up", "caught_up"],
  ]);
  expect([rig.stub.count("task-skip"), rig.stub.count("task-once"), rig.stub.count("task-all")]).toEqual([
    0, 1, 3,
  ]);
  // One after the other, each in a session of its own.
  const tasks = runsOf(rig.home, "all").map(({ task_id }) => task_id as string);
  const seen = await Promise.all(tasks.map((id) => ended(client, id)));
  expect(new Set(seen.map(({ session_id }) => session_id)).size).toBe(3);
  const times = ask<{ started_at: number; finished_at: number }>(
    rig.home,
    `SELECT started_at, finished_at FROM tasks WHERE id IN ('${tasks.join("','")}') ORDER BY started_at`,
  );
  for (const [index, { started_at: startedAt }] of times.entries())
    expect(startedAt).toBeGreaterThanOrEqual(times[index - 1]?.finished_at ?? 0);
  const { runs } = (await client.get("/api/v1/schedules/once/runs")).json<{ runs: object[] }>();
  expect(runs).toMatchObject([
    { outcome: "caught_up", task_state: "SUCCEEDED" },
    { outcome: "missed", reason_code: "SCHEDULE_MISSED", reason: expect.stringContaining("misfire is once") },
    { outcome: "missed" },
  ]);
});

test("a slot whose predecessor still runs is left out, or waits for its turn", async () => {
  rig = await createRig();
  const first = await rig.start();
  for (const overlap of ["skip", "queue"])
    await addSchedule(first.client, overlap, {
      overlap,
      session: "keep",
      prompt: `task ${overlap} gate=hold`,
    });
  await first.stop();
  makeDue(rig.home, 1);
  const second = await rig.start();
  await rig.stub.reached("hold");
  await until("both to be called", () => rig.stub.calls.length === 2);
  await second.kill();
  // Forgotten, the slot would come again; the row of it stands in the way.
  const [last = 0] = hourly().slotsBack(1);
  change(rig.home, `UPDATE schedule_runs SET slot_at = slot_at - 3600000`);
  change(rig.home, `UPDATE schedules SET next_at = ${last}`);
  const third = await rig.start();
  await until("the slots to be decided", () => runsOf(rig.home).length === 4);
  expect([outcomes("skip"), outcomes("queue")]).toEqual([
    ["caught_up", "skipped"],
    ["caught_up", "waiting"],
  ]);
  const [, skipped] = runsOf(rig.home, "skip");
  expect(skipped).toMatchObject({
    reason_code: "SCHEDULE_OVERLAP",
    reason: expect.stringMatching(/task \S+ of an earlier/),
  });
  rig.stub.open("hold");
  await until("the one that waits to run", () => outcomes("queue")[1] === "caught_up" && allEnded());
  expect([rig.stub.count("task-skip"), outcomes("skip")]).toEqual([2, ["caught_up", "skipped"]]);
  const [one, two] = runsOf(rig.home, "queue");
  const sessions = await Promise.all(
    [one, two].map((run) => ended(third.client, (run as RunRow).task_id as string)),
  );
  expect(new Set(sessions.map(({ session_id }) => session_id)).size).toBe(1);
});

test("kills around the firing: each slot has one row and at most one task, and none is lost", async () => {
  rig = await createRig({ config: { worker_count: 2 } });
  const first = await rig.start();
  const names = Array.from({ length: 12 }, (_, n) => `k${n}`);
  for (const name of names) await addSchedule(first.client, name, { misfire: "all" });
  await first.stop();
  const random = createSeeded(7);
  const slots = hourly().slotsBack(6);
  for (let round = 1; round <= 6; round++) {
    makeDue(rig.home, 6);
    // What fired is behind them again: only its rows know.
    const daemon = await rig.start();
    const goal = Math.floor(random() * names.length * round);
    await until("some slots to be decided", () => runsOf(rig.home).length >= goal);
    await daemon.kill();
  }
  makeDue(rig.home, 6);
  await rig.start();
  const rows = (): RunRow[] => runsOf(rig.home);
  await until(
    "every slot to have run",
    () => rows().every(({ outcome }) => outcome === "caught_up") && allEnded(),
    30_000,
  );
  expect(rows().map(({ name, slot_at }) => `${name} ${slot_at}`)).toEqual(
    names.toSorted().flatMap((name) => slots.map((slot) => `${name} ${slot}`)),
  );
  const tasks = ask<{ id: string }>(rig.home, "SELECT id FROM tasks").map(({ id }) => id);
  expect(
    rows()
      .map(({ task_id }) => task_id)
      .toSorted(),
  ).toEqual(tasks.toSorted());
  expect(rig.read((db) => db.damage())).toEqual([]);
}, 60_000);

test("what config.yaml says is followed at the next start, and history stays", async () => {
  const { expression } = hourly();
  const one = { name: "one", cron_expr: expression, prompt: "task one" };
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
      schedules: { name: string; id: string; enabled: boolean; next_at?: string }[];
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
  await until("the changed prompt to run", () => rig.stub.count("task-changed") === 1 && allEnded());
  const after = await list(second.client);
  expect(after.map(({ id, name, enabled }) => [id, name, enabled])).toEqual([
    [before[0]?.id, "one", true],
    [before[1]?.id, "two", false],
  ]);
  await second.stop();
  base([]);
  const third = await rig.start();
  expect(await list(third.client)).toEqual([]);
  expect(ask(rig.home, "SELECT 1 FROM schedule_runs")).toHaveLength(1);
  await third.stop();
  base([one]);
  const fourth = await rig.start();
  expect((await list(fourth.client)).map(({ id }) => id)).toEqual([before[0]?.id]);
  expect(
    (await runCli(rig.home, ["cron", "runs", "one", "--json"])).json<{ runs: object[] }>().runs,
  ).toHaveLength(1);
});

test("a daemon for one call fires nothing", async () => {
  rig = await createRig();
  const first = await rig.start();
  await addSchedule(first.client, "quiet");
  await first.stop();
  makeDue(rig.home, 3);
  expect((await runCli(rig.home, ["run", "task other"])).code).toBe(0);
  expect((await runCli(rig.home, ["cron", "list"])).code).toBe(0);
  expect([runsOf(rig.home), rig.stub.count("task-quiet")]).toEqual([[], 0]);
});

test("a removed schedule's run goes on, and its slots that wait do not", async () => {
  rig = await createRig();
  const first = await rig.start();
  await addSchedule(first.client, "gone", { misfire: "all", prompt: "task gone gate=hold" });
  await first.stop();
  makeDue(rig.home, 3);
  const { client } = await rig.start();
  await rig.stub.reached("hold");
  expect((await client.send("DELETE", "/api/v1/schedules/gone")).json()).toMatchObject({ deleted: true });
  rig.stub.open("hold");
  const [run] = runsOf(rig.home, "gone");
  expect(
    await taskWhere(client, run?.task_id as string, "ends", ({ state }) => state === "SUCCEEDED"),
  ).toBeDefined();
  expect(runsOf(rig.home, "gone").map(({ outcome, reason_code }) => [outcome, reason_code])).toEqual([
    ["caught_up", null],
    ["skipped", "SCHEDULE_OFF"],
    ["skipped", "SCHEDULE_OFF"],
  ]);
  expect((await client.get("/api/v1/schedules/gone/runs")).status).toBe(404);
  expect(await addSchedule(client, "gone")).toBeTypeOf("string");
});
