// A seam in an answer: where one provider broke off and which one went on. An event, so that every view can show it.

import { type Fence, heldTask } from "../queue/lease.ts";
import { defineVerb } from "../store/verb.ts";

export interface SeamInput extends Fence {
  readonly turn: number;
  readonly offset: number;
  readonly from: string;
  readonly to: string;
  readonly errorClass: string;
  readonly message: string;
}

export const recordSeam = defineVerb("journal.record_seam", (tx, input: SeamInput): boolean => {
  const task = heldTask(tx, input);
  if (task === undefined) return false;
  const { id: taskId, sessionId, agentId, attempt } = task;
  const { turn, offset, from, to, errorClass, message } = input;
  const payload = { turn, offset, from, to, error_class: errorClass, message };
  const noMove = { from: null, to: null, reasonCode: null };
  tx.append({ taskId, sessionId, agentId, type: "model.seam", ...noMove, attempt, payload });
  return true;
});
