// A look at schedules in the test's own process: the ports it takes, and schedules it finds.

import type { LookPorts } from "../../src/engine/cron/look.ts";
import { addSchedule } from "../../src/engine/cron/verbs.ts";
import { type InlineWriter, storeOf } from "./inline-writer.ts";
import { guardOf } from "./policy.ts";

const MINUTE_MS = 60_000;
let ids = 0;

/** `logged` gets a line for each that is logged: its level and its text. */
export function lookPorts(
  writer: InlineWriter,
  logged: string[] = [],
  policy = "allow_capabilities: [acp.mutate]",
): LookPorts {
  const store = storeOf(writer);
  const say =
    (level: string) =>
    (_component: string, text: string): void =>
      void logged.push(`${level} ${text}`);
  return {
    ...{ store, clock: writer.clock },
    guard: guardOf(policy, ["acp.mutate", "acp.read"], store),
    agents: [{ id: "default", maxQueueDepth: 0 }] as unknown as LookPorts["agents"],
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    ...{ newId: () => `id-${String(++ids).padStart(6, "0")}`, maxAttempts: 3 },
  };
}

/** A schedule for every minute, from the next one on. */
export function putSchedule(writer: InlineWriter, id: string, more: object = {}): void {
  const nextAt = (Math.floor(writer.clock.nowMs() / MINUTE_MS) + 1) * MINUTE_MS;
  writer.call(addSchedule, {
    ...{ id, name: id, cronExpr: "* * * * *", timezone: "UTC", agentId: "default", prompt: `of ${id}` },
    ...{ sessionId: null, model: null, enabled: true, budgets: {}, createdBy: "token", keyId: null },
    ...{ misfire: "skip", overlap: "queue", nextAt, ...more },
  });
}
