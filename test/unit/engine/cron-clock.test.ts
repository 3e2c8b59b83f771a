// The timer of schedules: looks that fail are asked again ever less often, and a clock that was set back is noticed.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Bus } from "../../../src/bus/bus.ts";
import { GoclawError } from "../../../src/domain/error.ts";
import { type Cron, type CronPorts, createCron } from "../../../src/engine/cron/cron.ts";
import { nextSlot, openPlan } from "../../../src/engine/cron/slots.ts";
import { lookPorts, putSchedule } from "../../support/cron-look.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

let writer: InlineWriter;
let cron: Cron;
let logged: string[] = [];
beforeEach(async () => {
  writer = openInlineWriter();
  logged = [];
  // Loaded at its first use, which the test's clock would not wait for.
  nextSlot(await openPlan("* * * * *", "UTC"), 0);
  vi.useFakeTimers();
});
afterEach(async () => {
  await cron.stop();
  vi.useRealTimers();
  writer.close();
});

const minute = (offset: number): number =>
  (Math.floor(writer.clock.nowMs() / MINUTE_MS) + offset) * MINUTE_MS;

function startCron(run: CronPorts["store"]["run"]): void {
  const ports = lookPorts(writer, logged);
  const store = { ...ports.store, run, healthy: async () => {} };
  cron = createCron({ ...ports, store, bus: { subscribe: () => () => {} } as unknown as Bus });
  cron.start();
}

const column = (sql: string): unknown[] => writer.db.prepare(sql).pluck().all();

test.each([
  ["a disk that is full", new GoclawError("DISK_FULL", "full"), false],
  ["a defect", new Error("no"), true],
])("%s is not asked in a circle", async (_name, failure, isSaid) => {
  putSchedule(writer, "a", { nextAt: minute(0) });
  let isBroken = true;
  let asked = 0;
  startCron((verb, input) => {
    asked++;
    return isBroken ? Promise.reject(failure) : storeOf(writer).run(verb, input);
  });
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(asked).toBeGreaterThanOrEqual(6);
  expect(asked).toBeLessThanOrEqual(10);
  expect(logged.filter((line) => line.startsWith("error")).length).toBe(isSaid ? asked : 0);
  isBroken = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(column("SELECT outcome FROM schedule_runs")).toEqual(["ran"]);
});

test("a clock that was set back is noticed at the start, and while it runs", async () => {
  const right = minute(1);
  putSchedule(writer, "a", { nextAt: right + 3_650 * DAY_MS });
  startCron((verb, input) => storeOf(writer).run(verb, input));
  await vi.advanceTimersByTimeAsync(1);
  expect(column("SELECT next_at FROM schedules")).toEqual([right]);
  writer.clock.jump(2 * DAY_MS);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(column("SELECT next_at FROM schedules")).toEqual([right + 2 * DAY_MS]);
  writer.clock.jump(-2 * DAY_MS);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(column("SELECT next_at FROM schedules")).toEqual([right]);
  // Less is waited out: what has fired in the hour that comes again has fired.
  writer.clock.jump(3 * 60 * MINUTE_MS);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  writer.clock.jump(-3 * 60 * MINUTE_MS);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(column("SELECT next_at FROM schedules")).toEqual([right + 3 * 60 * MINUTE_MS]);
});

test("a clock that was set back is not forgotten when the look that noticed it fails", async () => {
  const right = minute(1);
  putSchedule(writer, "a", { nextAt: right + 3_650 * DAY_MS });
  let isBroken = true;
  startCron((verb, input) =>
    isBroken ? Promise.reject(new GoclawError("DISK_FULL", "full")) : storeOf(writer).run(verb, input),
  );
  await vi.advanceTimersByTimeAsync(1);
  isBroken = false;
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(column("SELECT next_at FROM schedules")).toEqual([right]);
});
