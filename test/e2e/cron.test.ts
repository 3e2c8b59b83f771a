// Schedules through the real daemon: what is due fires, what was missed is caught up or recorded, runs do not overlap,
// and a kill around the firing neither doubles a slot nor loses one.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { ask, change } from "../support/home-sql.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { addSchedule, allEnded, hourly, makeDue, type RunRow, runsOf } from "../support/schedules.ts";
import { ended, taskWhere } from "../support/tasks.ts";
import { createSeeded, until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

const outcomes = (name: string): string[] => runsOf(rig.home, name).map(({ outcome }) => outcome);

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
    () =>
      runsOf(rig.home).length === 9 &&
      outcomes("all").every((outcome) => outcome === "caught_up") &&
      allEnded(rig.home),
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
  await until("the one that waits to run", () => outcomes("queue")[1] === "caught_up" && allEnded(rig.home));
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
    () => rows().every(({ outcome }) => outcome === "caught_up") && allEnded(rig.home),
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
