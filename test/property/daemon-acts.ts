// What happens to tasks from outside their attempts: submissions, claims, operators, timers, restarts and the clock. Each
// act calls the real verb, tells the model what happened, and checks the answer.

import { GoclawError } from "../../src/domain/error.ts";
import { resolveEffect } from "../../src/journal/resolve.ts";
import { cancel } from "../../src/queue/cancel.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { createHeartbeat } from "../../src/queue/heartbeat.ts";
import { recoverOrphans } from "../../src/queue/recover.ts";
import { retryDeadLetter } from "../../src/queue/retry.ts";
import { wakeDue } from "../../src/queue/wake.ts";
import { claimInput, enqueueInput, LEASE_MS } from "../support/inputs.ts";
import type { TaskAct } from "./attempt-acts.ts";
import { rowOf, same, type World, writesNothing } from "./check.ts";
import * as model from "./model.ts";
import { claimHalf, startHalf } from "./two-step-claim.ts";

export type Act = (now: model.Model, world: World) => void;

/** Two sessions of the default agent and one of another, at two priorities. */
export function enqueueTask(pick: number, maxAttempts: number, priority: number): Act {
  return (now, { writer }) => {
    const id = `t${now.tasks.length}`;
    const agentId = pick === 2 ? "other" : "default";
    const sessionId = `s${pick}`;
    writer.call(enqueue, enqueueInput(id, { sessionId, agentId, maxAttempts, priority }));
    const lease = { owner: null, leaseUntil: null, reason: null, availableAt: writer.clock.nowMs() };
    const zero = {
      attempt: 0,
      fence: 0,
      backoffSince: 0,
      failure: null,
      failureCount: 0,
      unsettled: 0,
      suspect: false,
    };
    now.tasks.push({ id, sessionId, agentId, priority, maxAttempts, state: "QUEUED", ...zero, ...lease });
  };
}

export function claimTasks(slots: number): Act {
  return (now, { writer }) => {
    const got = writer.call(claim, claimInput({ owner: model.ownerOf(now), slots }));
    same("number of claims", got.length, model.claimable(now, slots));
    for (const { id, attempt, fence } of got) {
      const task = now.tasks.find((candidate) => candidate.id === id)!;
      model.claimed(now, task, writer.clock.monoMs() + LEASE_MS);
      model.started(now, task);
      same(`claim of ${id}`, { attempt, fence }, { attempt: task.attempt, fence: task.fence });
    }
  };
}

export const claimHalfOf: TaskAct = (now, { writer }, task) => {
  const { id } = task;
  // A claim that never starts cannot be the last one allowed: a row in CLAIMED has no arrow to FAILED.
  if (task.attempt + 1 >= task.maxAttempts) return;
  const done = writer.call(claimHalf, { id, owner: model.ownerOf(now), leaseMs: LEASE_MS });
  same("half a claim", done, task.state === "QUEUED");
  if (done) model.claimed(now, task, writer.clock.monoMs() + LEASE_MS);
};

export const startHalfOf: TaskAct = (now, { writer }, task) => {
  const done = writer.call(startHalf, { id: task.id });
  same("the other half", done, task.state === "CLAIMED");
  if (done) model.started(now, task);
};

/** An operator's verb: done in the states it is for, and otherwise STATE_CONFLICT without a trace. */
function operator(world: World, allowed: boolean, write: () => unknown, then: () => void): void {
  if (allowed) {
    write();
    then();
    return;
  }
  const code = writesNothing(world, () => {
    try {
      write();
      return "nothing";
    } catch (error) {
      return error instanceof GoclawError ? error.code : String(error);
    }
  });
  same("a refusal", code, "STATE_CONFLICT");
}

export const cancelTask: TaskAct = (now, world, task) => {
  const call = (): unknown => world.writer.call(cancel, { taskId: task.id });
  if (task.state === "CANCELED") same("a second cancel", writesNothing(world, call), "CANCELED");
  else operator(world, !model.isEnded(task), call, () => model.canceled(now, task));
};

export const retryTask: TaskAct = (now, world, task) => {
  const call = (): unknown => world.writer.call(retryDeadLetter, { taskId: task.id });
  operator(world, task.state === "DEAD_LETTER", call, () =>
    model.broughtBack(now, task, world.writer.clock.nowMs()),
  );
};

const UNSETTLED_SQL = "SELECT count(*) AS n FROM effects WHERE task_id = @id AND outcome IS NULL";

export function resolveTask(outcome: "happened" | "did_not"): TaskAct {
  return (now, world, task) => {
    const { id } = task;
    const call = (): unknown =>
      world.writer.call(resolveEffect, { taskId: id, outcome, happenedText: "it did" });
    const asked = task.state === "RETRY_WAIT" && task.reason === "EFFECT_UNKNOWN";
    operator(world, asked, call, () => model.resolved(now, task, world.writer.clock.nowMs()));
    same("unsettled acts", world.writer.reader.get(UNSETTLED_SQL, { id }), { n: task.unsettled });
  };
}

export const wakeTasks: Act = (now, world) => {
  const { writer } = world;
  const dueAt = writer.clock.nowMs();
  const { nextDueAt } = writer.call(wakeDue, { dueAt });
  for (const task of now.tasks) {
    if (task.state !== "RETRY_WAIT") continue;
    // When the clock was set back since a backoff began, how long it has lasted is anybody's guess.
    const isGuess = !model.isSuspended(task) && task.backoffSince > dueAt;
    const isDue = isGuess ? rowOf(world, task.id).state === "QUEUED" : task.availableAt <= dueAt;
    if (isDue) model.due(now, task, dueAt);
  }
  const waits = now.tasks.filter((task) => task.state === "RETRY_WAIT").map((task) => task.availableAt);
  same("the next due time", nextDueAt, waits.length === 0 ? null : Math.min(...waits));
};

/** Another daemon on the same home; recovering twice is recovering once. */
export function reboot(times: number): Act {
  return (now, { writer }) => {
    now.boot++;
    writer.reboot();
    for (let time = 0; time < times; time++) writer.call(recoverOrphans, { owner: model.ownerOf(now) });
    for (const task of now.tasks) {
      if (model.isLeased(task)) model.takenBack(now, task, "OWNER_DIED", "CRASH_LOOP", writer.clock.nowMs());
    }
  };
}

/** The heartbeat of a boot whose main loop last showed itself `pulseAgeMs` ago. */
export function beat(pulseAgeMs: number): Act {
  return (now, { writer }) => {
    const owner = model.ownerOf(now);
    writer.alone((tx) => createHeartbeat(owner, LEASE_MS).run(tx, pulseAgeMs, 0));
    const monoMs = writer.clock.monoMs();
    for (const task of now.tasks.filter((candidate) => candidate.owner === owner)) {
      const alive = task.leaseUntil! > monoMs;
      if (!alive) {
        model.takenBack(now, task, "LEASE_EXPIRED", "DEAD_LETTER_MAX_ATTEMPTS", writer.clock.nowMs());
      } else if (pulseAgeMs < LEASE_MS) task.leaseUntil = monoMs + LEASE_MS;
    }
  };
}

export const passTime = (ms: number): Act => {
  return (_now, { writer }) => writer.clock.pass(ms);
};

export const jumpClock = (ms: number): Act => {
  return (_now, { writer }) => writer.clock.jump(ms);
};
