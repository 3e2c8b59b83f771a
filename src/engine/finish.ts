// The end of a good attempt in one transaction: the last answer into the journal, then the task to SUCCEEDED.

import type { TaskResult } from "../domain/task.ts";
import { insertAnswer, keepLostAnswer, type PricedAnswer } from "../journal/answers.ts";
import { NO_USAGE } from "../journal/usage.ts";
import { completeTask } from "../queue/complete.ts";
import { type Fence, heldTask } from "../queue/lease.ts";
import { defineVerb } from "../store/verb.ts";

export interface FinishInput extends Fence {
  readonly result: TaskResult;
  readonly lastAnswer: PricedAnswer | null;
}

/** Returns false when the lease is lost; then only what the last answer cost is written. */
export const finish = defineVerb("engine.finish", (tx, input: FinishInput): boolean => {
  const { result, lastAnswer } = input;
  const task = heldTask(tx, input);
  if (task === undefined) {
    if (lastAnswer !== null) keepLostAnswer(tx, input, lastAnswer);
    return false;
  }
  if (lastAnswer !== null) insertAnswer(tx, task, lastAnswer);
  completeTask(tx, task, result, lastAnswer?.answer.usage ?? NO_USAGE);
  return true;
});
