// The end of a good attempt in one transaction: the last answer into the journal, then the task to SUCCEEDED.

import type { TaskResult } from "../domain/task.ts";
import { insertAnswer, NO_USAGE, type PricedAnswer } from "../journal/answers.ts";
import { completeTask } from "../queue/complete.ts";
import { type Fence, heldTask } from "../queue/lease.ts";
import { defineVerb } from "../store/verb.ts";

export interface FinishInput extends Fence {
  readonly result: TaskResult;
  readonly lastAnswer: PricedAnswer | null;
}

/** Returns false when the lease is lost; nothing is written then. */
export const finish = defineVerb("engine.finish", (tx, input: FinishInput): boolean => {
  const { result, lastAnswer } = input;
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  if (lastAnswer !== null) insertAnswer(tx, task, lastAnswer);
  completeTask(tx, task, result, lastAnswer?.answer.usage ?? NO_USAGE);
  return true;
});
