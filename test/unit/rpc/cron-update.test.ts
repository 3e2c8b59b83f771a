// Two clients that change one schedule in the same moment: what neither of them spoke of stays as the other made it.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { RpcPorts } from "../../../src/rpc/method.ts";
import { updateCron } from "../../../src/rpc/methods/cron-update.ts";
import { putSchedule } from "../../support/cron-look.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
afterAll(() => writer.close());

test("a change of the words does not take back a change of the clock", async () => {
  putSchedule(writer, "a");
  const ports = { store: storeOf(writer), nowMs: writer.clock.nowMs, onScheduled: () => {} };
  const change = (params: object) =>
    updateCron.run(ports as unknown as RpcPorts, { schedule_id: "a", ...params }, {} as never);
  await Promise.all([
    change({ cron_expr: "0 7 * * *", timezone: "Europe/Berlin" }),
    change({ prompt: "other words" }),
  ]);
  const row = writer.db.prepare("SELECT cron_expr, timezone, prompt FROM schedules").get();
  expect(row).toEqual({ cron_expr: "0 7 * * *", timezone: "Europe/Berlin", prompt: "other words" });
});
