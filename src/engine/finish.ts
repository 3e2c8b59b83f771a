// The end of a good attempt in one transaction: the last answer into the journal, then the task to SUCCEEDED.

import type { Answer } from "../domain/message.ts";
import type { TaskResult } from "../domain/task.ts";
import { recordAnswer } from "../journal/answers.ts";
import { complete } from "../queue/complete.ts";
import type { Fence } from "../queue/lease.ts";
import { defineVerb } from "../store/verb.ts";

export interface FinishInput extends Fence {
  readonly result: TaskResult;
  readonly lastAnswer: { readonly turn: number; readonly answer: Answer } | null;
}

/** Returns false when the lease is lost; nothing is written then. */
export const finish = defineVerb("engine.finish", (tx, input: FinishInput): boolean => {
  const { taskId, fence, result, lastAnswer } = input;
  if (lastAnswer !== null && !recordAnswer.run(tx, { taskId, fence, ...lastAnswer })) return false;
  return complete.run(tx, { taskId, fence, result });
});
