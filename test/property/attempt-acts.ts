// What an attempt does to its task: every write is held against its fence. Each act calls the real verb, tells the model
// what happened, and checks the answer; in a state that does not allow it, it must be refused without a trace.

import { finish } from "../../src/engine/finish.ts";
import { recordAnswer } from "../../src/journal/answers.ts";
import { fail } from "../../src/queue/fail.ts";
import { requeue } from "../../src/queue/requeue.ts";
import { suspend } from "../../src/queue/suspend.ts";
import { intend } from "../../src/tools/intend.ts";
import { answerOf, auditOf, effectOf, failInput, RETRY } from "../support/inputs.ts";
import { rowOf, same, type World, writesCostAlone, writesNothing } from "./check.ts";
import * as model from "./model.ts";

type Model = model.Model;
type ModelTask = model.ModelTask;
export type TaskAct = (now: Model, world: World, task: ModelTask, fence: number) => void;

/** A write of an attempt: done when the attempt holds the lease, and otherwise refused without a trace. */
function fenced<Result>(
  world: World,
  task: ModelTask,
  fence: number,
  lost: Result,
  write: () => Result,
  then: (result: Result) => void,
  stale = writesNothing,
): void {
  if (model.holds(task, fence, world.writer.clock.monoMs())) {
    const result = write();
    if (result === lost) throw new Error(`${task.id} was told that it had lost a lease that it held`);
    then(result);
  } else same("a stale write", stale(world, write), lost);
}

export const finishTask: TaskAct = (now, world, task, fence) => {
  const input = { taskId: task.id, fence, result: { text: "done" }, lastAnswer: null };
  fenced(
    world,
    task,
    fence,
    false,
    () => world.writer.call(finish, input),
    () => model.finished(now, task),
  );
};

export const answerTask: TaskAct = (_now, world, task, fence) => {
  const input = { taskId: task.id, fence, turn: world.serial++, answer: answerOf("hello"), costUsd: null };
  fenced(
    world,
    task,
    fence,
    false,
    () => world.writer.call(recordAnswer, input),
    () => {},
    writesCostAlone,
  );
};

export const requeueTask: TaskAct = (now, world, task, fence) => {
  const input = { taskId: task.id, fence };
  const done = (): void => model.requeued(now, task, world.writer.clock.nowMs());
  fenced(world, task, fence, false, () => world.writer.call(requeue, input), done);
};

export const intendTask: TaskAct = (_now, world, task, fence) => {
  const { id } = task;
  const effect = effectOf(id, { key: `key ${world.serial}`, turn: world.serial++ });
  const input = { taskId: id, fence, effect, audit: auditOf(id), approval: null };
  fenced(
    world,
    task,
    fence,
    "lost",
    () => world.writer.call(intend, input),
    (intended) => {
      same("an intent", intended, "act");
      task.unsettled++;
    },
  );
};

/** `null`: an error that a retry cannot mend. */
export function failTask(reason: string | null, message: string): TaskAct {
  return (now, world, task, fence) => {
    const code = reason ?? "PROVIDER_AUTH";
    const input = failInput({ taskId: task.id, fence }, { code, message, retryReason: reason });
    const write = (): ReturnType<typeof fail.run> => world.writer.call(fail, input);
    fenced(world, task, fence, "lost", write, (result) => {
      if (reason === null) model.failedForGood(now, task, code);
      else afterFailure(now, world, task, reason, message, result);
    });
  };
}

function afterFailure(
  now: Model,
  world: World,
  task: ModelTask,
  reason: string,
  message: string,
  result: ReturnType<typeof fail.run>,
): void {
  const circumstance = reason.startsWith("RETRY_PROVIDER_") && reason !== "RETRY_PROVIDER_MALFORMED";
  const { attempt } = task;
  const became = model.failed(now, task, reason, `${reason} ${message}`, circumstance);
  if (became === "dead") {
    same("the verdict", result, "dead_letter");
    return;
  }
  const { availableAt } = rowOf(world, task.id);
  same("the wait", result, { retryAt: availableAt });
  const waitMs = availableAt - world.writer.clock.nowMs();
  const ceilingMs = Math.min(RETRY.maxMs, RETRY.baseMs * 2 ** (attempt - 1));
  if (waitMs < 0 || waitMs > ceilingMs) throw new Error(`a backoff of ${waitMs} ms, at most ${ceilingMs}`);
  task.availableAt = availableAt;
  task.backoffSince = world.writer.clock.nowMs();
}

export function suspendTask(reason: "AWAITING_APPROVAL" | "EFFECT_UNKNOWN", waitMs: number): TaskAct {
  return (now, world, task, fence) => {
    const deadlineAt = world.writer.clock.nowMs() + waitMs;
    const input = { taskId: task.id, fence, reason, deadlineAt, message: "somebody must look", wakes: false };
    const write = (): boolean => world.writer.call(suspend, input);
    fenced(world, task, fence, false, write, () => model.suspended(now, task, reason, deadlineAt));
  };
}
