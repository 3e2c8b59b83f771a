// CLAIMED → RUNNING: the attempt begins, pinned to the policy version in force. Runs in the claim's own transaction,
// so that taking a task costs one commit.

import type { Tx } from "../store/tx.ts";
import { recordTransition, type TaskRef } from "./transition.ts";

const START_SQL = `
  UPDATE tasks
  SET state = 'RUNNING', policy_version = @policyVersion, started_at = coalesce(started_at, @now), updated_at = @now
  WHERE id = @id AND fence = @fence AND state = 'CLAIMED'`;

export function start(tx: Tx, task: TaskRef & { readonly fence: number }, policyVersion: string): void {
  tx.run(START_SQL, { id: task.id, fence: task.fence, policyVersion, now: tx.nowMs });
  recordTransition(tx, task, { from: "CLAIMED", to: "RUNNING" }, null, { policy_version: policyVersion });
}
