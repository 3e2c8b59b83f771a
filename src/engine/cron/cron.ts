// The clock of schedules: one timer for the slot that is due next, and none while there is no schedule. It works out what
// is due and hands it to the writer, whose row of the schedule decides; so a look too many does nothing.

import type { Bus } from "../../bus/bus.ts";
import type { Agent } from "../../domain/agent.ts";
import { codeOf, GoclawError, messageOf } from "../../domain/error.ts";
import { isDurable } from "../../domain/event.ts";
import type { Schedule } from "../../domain/schedule.ts";
import { isTerminal, PRIORITY } from "../../domain/task.ts";
import type { Clock } from "../../domain/time.ts";
import type { AuditRecord } from "../../policy/audit.ts";
import type { Guard } from "../../policy/guard.ts";
import type { EnqueueInput } from "../../queue/enqueue.ts";
import { findSchedule, pendingSchedules } from "../../store/schedules.ts";
import type { Store } from "../../store/store.ts";
import type { Log } from "../../telemetry/log.ts";
import { fire, type Reason } from "./fire.ts";
import { DUE_MAX, type Firing, planFiring } from "./firing.ts";
import { dueSlots, nextSlot, openPlan, type Plan } from "./slots.ts";
import { switchOff } from "./verbs.ts";

export interface CronPorts {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly agents: readonly Agent[];
  readonly log: Log;
  readonly newId: () => string;
  readonly maxAttempts: number;
}

export interface Cron {
  start(): void;
  /** Schedules have changed: what is due next may be another slot. */
  nudge(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** How long the wall clock is trusted: after this it is looked at again, for it may have been set, or the machine slept. */
const MAX_TIMER_MS = 30_000;
/** After a look that failed: a store that cannot write must not be asked in a circle. */
const RETRY_MS = 1_000;

export function createCron(ports: CronPorts): Cron {
  const { store, bus, clock, log } = ports;
  let timer: NodeJS.Timeout | undefined;
  let stopped = true;
  let looking: Promise<void> = Promise.resolve();
  let someWait = false;
  let asked = false;

  const look = async (): Promise<void> => {
    asked = false;
    try {
      await fireDue(ports);
      arm();
    } catch (error) {
      if (stopped) return;
      log.error("cron", `schedules could not be looked at: ${messageOf(error)}`);
      arm(RETRY_MS);
    }
  };
  /** One look is under way and one may wait behind it; more would see nothing else. */
  const lookNext = (): void => {
    if (!asked) looking = looking.then(look);
    asked = true;
  };
  const arm = (leastMs = 0): void => {
    clearTimeout(timer);
    const pending = pendingSchedules(store.reader, clock.nowMs());
    someWait = pending.someWait;
    const { nextAt } = pending;
    if (stopped || nextAt === null) return;
    const delayMs = Math.min(MAX_TIMER_MS, Math.max(leastMs, nextAt - clock.nowMs()));
    timer = setTimeout(() => lookNext(), delayMs);
  };
  let unsubscribe = (): void => {};
  return {
    start: () => {
      stopped = false;
      // The end of a run may be the turn of the next.
      unsubscribe = bus.subscribe((event) => {
        if (someWait && isDurable(event) && event.to !== null && isTerminal(event.to)) lookNext();
      });
      lookNext();
    },
    nudge: () => {
      if (!stopped) lookNext();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      unsubscribe();
      await looking;
    },
  };
}

/** Every schedule with a slot that is due, or with one whose turn it is. One that fails does not keep the others. */
export async function fireDue(ports: CronPorts): Promise<void> {
  const { due, waiting } = pendingSchedules(ports.store.reader, ports.clock.nowMs());
  const failures: unknown[] = [];
  for (const id of new Set([...due, ...waiting])) {
    await fireSchedule(ports, id).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function fireSchedule(ports: CronPorts, id: string): Promise<void> {
  const { store, clock, log } = ports;
  const schedule = findSchedule(store.reader, id);
  if (schedule === undefined || schedule.nextAt === null) return;
  const now = clock.nowMs();
  let plan: Plan;
  let firing: Firing;
  let nextAt = schedule.nextAt;
  try {
    plan = await openPlan(schedule.cronExpr, schedule.timezone);
    const due = nextAt > now ? { slots: [], hasEarlier: false } : dueSlots(plan, nextAt, now, DUE_MAX);
    firing = planFiring(schedule.misfire, due, nextAt, now);
    if (nextAt <= now) nextAt = nextSlot(plan, now);
  } catch (error) {
    await disable(ports, schedule, messageOf(error));
    return;
  }
  const { refusal, audit } = await permit(ports, schedule);
  const fired = await store.run(fire, {
    ...{ ...firing, scheduleId: id, expectedAt: schedule.nextAt, nextAt, refusal, audit },
    task: taskOf(ports, schedule),
  });
  if (fired.type === "fired" && fired.taskId !== null)
    log.info("cron", `schedule ${schedule.name} fired`, { task_id: fired.taskId });
}

/** Nobody fires a schedule by hand, so the policy is asked each time, as it is for whoever submits a task. */
async function permit(
  { guard, agents, newId }: CronPorts,
  { id, name, agentId }: Schedule,
): Promise<{ readonly refusal: Reason | null; readonly audit: AuditRecord | null }> {
  if (!agents.some((agent) => agent.id === agentId)) {
    const text = `there is no agent ${agentId} any more`;
    return { refusal: { code: "AGENT_NOT_FOUND", text }, audit: null };
  }
  const asked = { principal: `schedule:${id}`, capability: "acp.mutate", resource: `cron.fire ${name}` };
  try {
    const audit = await guard.permit({ ...asked, traceId: newId(), taskId: null, agentId });
    return { refusal: null, audit };
  } catch (error) {
    if (!(error instanceof GoclawError)) throw error;
    return { refusal: { code: codeOf(error), text: error.message }, audit: null };
  }
}

function taskOf({ agents, newId, maxAttempts }: CronPorts, schedule: Schedule): EnqueueInput {
  const agent = agents.find(({ id }) => id === schedule.agentId);
  return {
    id: newId(),
    sessionId: schedule.sessionId ?? newId(),
    agentId: schedule.agentId,
    kind: "chat",
    prompt: schedule.prompt,
    priority: PRIORITY.default,
    maxAttempts,
    maxQueueDepth: agent?.maxQueueDepth ?? 0,
    model: schedule.model,
    sampling: {},
    output: agent?.output ?? null,
    parentId: null,
    keyId: schedule.keyId,
    traceId: newId(),
    idempotency: null,
  };
}

/** It was valid when it was written: the row or the time zone's data has changed since. Off, so that it is met once. */
async function disable(
  { store, guard, log, newId }: CronPorts,
  { id, name, agentId }: Schedule,
  why: string,
): Promise<void> {
  const audit: AuditRecord = {
    ...{ traceId: newId(), taskId: null, agentId, principal: `schedule:${id}`, capability: "acp.mutate" },
    ...{ resource: `cron.fire ${name}`, decision: "deny", rule: "invalid schedule", code: "BAD_REQUEST" },
    ...{ policyVersion: guard.policy().version, request: null },
  };
  await store.run(switchOff, { id, off: `invalid: ${why}`, audit });
  log.error("cron", `schedule ${name} is off: ${why}; add it again with an expression that can be used`);
}
