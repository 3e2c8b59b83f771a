// The timer of schedules while looks fail: asked again, ever less often, and soon once it works.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Bus } from "../../../src/bus/bus.ts";
import { GoclawError } from "../../../src/domain/error.ts";
import { type CronPorts, createCron } from "../../../src/engine/cron/cron.ts";
import { nextSlot, openPlan } from "../../../src/engine/cron/slots.ts";
import { addSchedule } from "../../../src/engine/cron/verbs.ts";
import { openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { guardOf } from "../../support/policy.ts";

const MINUTE_MS = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  ["a disk that is full", new GoclawError("DISK_FULL", "full"), false],
  ["a defect", new Error("no"), true],
])("%s is not asked in a circle", async (_name, failure, isSaid) => {
  const writer = openInlineWriter();
  try {
    writer.call(addSchedule, {
      ...{ id: "a", name: "a", cronExpr: "* * * * *", timezone: "UTC", agentId: "default", prompt: "x" },
      ...{ sessionId: null, model: null, enabled: true, budgets: {}, createdBy: "token", keyId: null },
      ...{
        misfire: "skip",
        overlap: "queue",
        nextAt: Math.floor(writer.clock.nowMs() / MINUTE_MS) * MINUTE_MS,
      },
    });
    const store = storeOf(writer);
    let isBroken = true;
    let asked = 0;
    const run: CronPorts["store"]["run"] = (verb, input) => {
      asked++;
      return isBroken ? Promise.reject(failure) : store.run(verb, input);
    };
    let errors = 0;
    const say = (): void => {};
    const cron = createCron({
      ...{ store: { ...store, run, healthy: async () => {} }, clock: writer.clock },
      bus: { subscribe: () => () => {} } as unknown as Bus,
      guard: guardOf("allow_capabilities: [acp.mutate]", ["acp.mutate"], store),
      agents: [{ id: "default", maxQueueDepth: 0 }] as unknown as CronPorts["agents"],
      log: { debug: say, info: say, warn: say, error: () => void errors++ },
      ...{ newId: () => "id-1", maxAttempts: 3 },
    });
    await openPlan("* * * * *", "UTC").then((plan) => nextSlot(plan, 0));
    cron.start();
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(asked).toBeGreaterThanOrEqual(6);
    expect(asked).toBeLessThanOrEqual(10);
    expect(errors).toBe(isSaid ? asked : 0);
    isBroken = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(writer.db.prepare("SELECT outcome FROM schedule_runs").pluck().all()).toEqual(["ran"]);
    await cron.stop();
  } finally {
    writer.close();
  }
});
