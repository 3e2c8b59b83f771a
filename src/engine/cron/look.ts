// One look at the schedules: works out what is due and hands it to the writer, whose row of the schedule decides; so a
// look too many does nothing.

import type { Agent } from "../../domain/agent.ts";
import { codeOf, GoclawError, messageOf } from "../../domain/error.ts";
import type { Schedule } from "../../domain/schedule.ts";
import { PRIORITY } from "../../domain/task.ts";
import type { Clock } from "../../domain/time.ts";
import type { AuditRecord } from "../../policy/audit.ts";
import type { Guard } from "../../policy/guard.ts";
import type { EnqueueInput } from "../../queue/enqueue.ts";
import { findSchedule, pendingSchedules, schedulesAfter } from "../../store/schedules.ts";
import type { Store } from "../../store/store.ts";
import type { Log } from "../../telemetry/log.ts";
import { fire, type LeftOut, type Reason } from "./fire.ts";
import { DUE_MAX, type Firing, planFiring } from "./firing.ts";
import { dueSlots, nextSlot, openPlan, type Plan } from "./slots.ts";
import { switchOff } from "./verbs.ts";

export interface LookPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly guard: Guard;
  readonly agents: readonly Agent[];
  readonly log: Log;
  readonly newId: () => string;
  readonly maxAttempts: number;
}

/** How far ahead of the clock a slot may be that is not the next one: less of an error is waited out. */
const AHEAD_MS = 86_400_000;
/** As many as the writer takes into one commit or two. */
const AT_ONCE = 32;

/**
 * Every schedule with a slot that is due, or with one whose turn it is; where the clock was set back, also those it left
 * behind. One that fails does not keep the others.
 */
export async function fireDue(ports: LookPorts, wasSetBack = false): Promise<void> {
  const { store, clock } = ports;
  const now = clock.nowMs();
  const { due, waiting } = pendingSchedules(store.reader, now);
  const ahead = wasSetBack ? await leftBehind(store, now) : [];
  const ids = [...new Set([...due, ...waiting, ...ahead])];
  const failures: unknown[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const some = ids.slice(at, at + AT_ONCE).map((id) => fireSchedule(ports, id, now));
    for (const end of await Promise.allSettled(some))
      if (end.status === "rejected") failures.push(end.reason);
  }
  if (failures.length > 0) throw failures[0];
}

/** Schedules whose next slot is further off than the clock says. */
async function leftBehind({ reader }: Store, now: number): Promise<string[]> {
  const found: string[] = [];
  for (const id of schedulesAfter(reader, now + AHEAD_MS)) {
    const schedule = findSchedule(reader, id);
    if (schedule !== undefined && (await soonestOf(schedule, now)) < (schedule.nextAt ?? 0) - AHEAD_MS)
      found.push(id);
  }
  return found;
}

/** One that is not valid any more is met at its slot. */
async function soonestOf({ cronExpr, timezone }: Schedule, now: number): Promise<number> {
  try {
    return nextSlot(await openPlan(cronExpr, timezone), now);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** `now` is when the look began: what was on time then is not late because others had to be fired first. */
async function fireSchedule(ports: LookPorts, id: string, now: number): Promise<void> {
  const { store, log } = ports;
  const schedule = findSchedule(store.reader, id);
  if (schedule === undefined || schedule.nextAt === null) return;
  let plan: Plan;
  let firing: Firing;
  let nextAt = schedule.nextAt;
  try {
    plan = await openPlan(schedule.cronExpr, schedule.timezone);
    const due = nextAt > now ? { slots: [], hasEarlier: false } : dueSlots(plan, nextAt, now, DUE_MAX);
    firing = planFiring(schedule.misfire, due, nextAt, now);
    const soonest = nextSlot(plan, now);
    if (nextAt <= now || nextAt - soonest > AHEAD_MS) nextAt = soonest;
  } catch (error) {
    await disable(ports, schedule, messageOf(error));
    return;
  }
  if (schedule.nextAt > now && nextAt !== schedule.nextAt) sayRewound(ports, schedule, nextAt);
  const traceId = ports.newId();
  const { refusal, audit } = await permit(ports, schedule, traceId);
  const fired = await store.run(fire, {
    ...{ ...firing, scheduleId: id, expectedAt: schedule.nextAt, nextAt, refusal, audit },
    task: taskOf(ports, schedule, traceId),
  });
  if (fired.type === "moved") return;
  for (const left of fired.left) sayLeftOut(ports, schedule, left);
  if (fired.taskId !== null)
    log.info("cron", `schedule ${schedule.name} fired`, { trace_id: traceId, task_id: fired.taskId });
}

function sayLeftOut({ log }: LookPorts, { name }: Schedule, { slots, code, text }: LeftOut): void {
  log.warn("cron", `schedule ${name}: ${slots} ${slots === 1 ? "slot" : "slots"} did not run: ${text}`, {
    code,
  });
}

function sayRewound({ log }: LookPorts, { name, nextAt }: Schedule, soonest: number): void {
  const [was, is] = [new Date(nextAt ?? 0).toISOString(), new Date(soonest).toISOString()];
  log.warn(
    "cron",
    `schedule ${name}: the clock was set back by more than a day (next was ${was}); it fires next at ${is}`,
  );
}

/** Nobody fires a schedule by hand, so the policy is asked each time, as it is for whoever submits a task. */
async function permit(
  { guard, agents }: LookPorts,
  { id, name, agentId }: Schedule,
  traceId: string,
): Promise<{ readonly refusal: Reason | null; readonly audit: AuditRecord | null }> {
  if (!agents.some((agent) => agent.id === agentId)) {
    const text = `there is no agent ${agentId} any more`;
    return { refusal: { code: "AGENT_NOT_FOUND", text }, audit: null };
  }
  const asked = { principal: `schedule:${id}`, capability: "acp.mutate", resource: `cron.fire ${name}` };
  try {
    const audit = await guard.permit({ ...asked, traceId, taskId: null, agentId });
    return { refusal: null, audit };
  } catch (error) {
    if (!(error instanceof GoclawError)) throw error;
    return { refusal: { code: codeOf(error), text: error.message }, audit: null };
  }
}

function taskOf(
  { agents, newId, maxAttempts }: LookPorts,
  schedule: Schedule,
  traceId: string,
): EnqueueInput {
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
    traceId,
    idempotency: null,
  };
}

/** It was valid when it was written: the row or the time zone's data has changed since. Off, so that it is met once. */
async function disable(
  { store, guard, log, newId }: LookPorts,
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
