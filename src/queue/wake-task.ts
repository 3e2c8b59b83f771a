// RETRY_WAIT → QUEUED for one task: what it waited for is there.

import type { Tx } from "../store/tx.ts";
import { recordTransition, type TaskRef } from "./transition.ts";

const WAKE_SQL = `
  UPDATE tasks SET state = 'QUEUED', reason_code = @reason, wakes = 0, available_at = @now, updated_at = @now
  WHERE id = @id AND state = 'RETRY_WAIT'`;

export function wakeTask(tx: Tx, task: TaskRef, reason: string): void {
  tx.run(WAKE_SQL, { id: task.id, reason, now: tx.nowMs });
  recordTransition(tx, task, { from: "RETRY_WAIT", to: "QUEUED" }, reason);
}
