// An operator says what became of an act whose outcome a crash hid. "happened" settles it; "did_not" forgets the
// intent, so that the resumed attempt makes the act for the first time.

import { GoclawError } from "../domain/error.ts";
import { findTask } from "../queue/find.ts";
import { wakeTask } from "../queue/wake-task.ts";
import { defineVerb } from "../store/verb.ts";

export interface ResolveInput {
  readonly taskId: string;
  readonly outcome: "happened" | "did_not";
  readonly happenedText: string;
}

const HAPPENED_SQL = `
  UPDATE effects SET status = 'DONE', outcome = @outcome, settled_at = @now
  WHERE task_id = @taskId AND class = 'once' AND status IN ('PENDING', 'UNKNOWN')`;

// What did not happen has not used its approval.
const UNUSE_SQL = `
  UPDATE approvals SET status = 'APPROVED'
  WHERE task_id = @taskId AND status = 'USED' AND effect_key IN (
    SELECT key FROM effects WHERE task_id = @taskId AND class = 'once' AND status IN ('PENDING', 'UNKNOWN'))`;

const DID_NOT_SQL = `
  DELETE FROM effects WHERE task_id = @taskId AND class = 'once' AND status IN ('PENDING', 'UNKNOWN')`;

export const resolveEffect = defineVerb("journal.resolve_effect", (tx, input: ResolveInput): void => {
  const task = findTask(tx, input.taskId);
  if (task.state !== "RETRY_WAIT" || task.reasonCode !== "EFFECT_UNKNOWN") {
    throw new GoclawError(
      "STATE_CONFLICT",
      `task ${task.id} is ${task.state}${task.reasonCode === null ? "" : ` (${task.reasonCode})`}; ` +
        "only a task that waits with EFFECT_UNKNOWN can be resolved",
    );
  }
  const { outcome, happenedText } = input;
  if (outcome === "happened") tx.run(HAPPENED_SQL, { taskId: task.id, outcome: happenedText, now: tx.nowMs });
  else {
    tx.run(UNUSE_SQL, { taskId: task.id });
    tx.run(DID_NOT_SQL, { taskId: task.id });
  }
  const { id: taskId, sessionId, agentId, attempt } = task;
  tx.append({
    taskId,
    sessionId,
    agentId,
    type: "effect.resolved",
    from: null,
    to: null,
    attempt,
    reasonCode: "EFFECT_RESOLVED",
    payload: { outcome },
  });
  wakeTask(tx, task, "EFFECT_RESOLVED");
});
