// A task that waits for its child goes on in the transaction that ends the child, whatever the end is. The child is the
// one whose idempotency key is the act that the parent has not settled yet; the end of any other changes nothing.

import type { Tx } from "../store/tx.ts";
import type { TaskRef } from "./transition.ts";
import { wakeTask } from "./wake-task.ts";

const PARENT_SQL = `
  SELECT parent.id, parent.session_id AS sessionId, parent.agent_id AS agentId, parent.priority, parent.attempt
  FROM tasks AS child
  JOIN tasks AS parent ON parent.id = child.parent_id
  JOIN effects ON effects.key = substr(child.idempotency_key, length(@prefix) + 1)
  WHERE child.id = @childId AND parent.state = 'RETRY_WAIT' AND parent.reason_code = 'AWAITING_CHILD'
    AND effects.task_id = parent.id AND effects.status = 'PENDING'`;

/** What a child's idempotency key begins with; the key of the act that made it follows. */
export const CHILD_KEY_PREFIX = "spawn/";

/** Call it after the child's own move. */
export function wakeParent(tx: Tx, childId: string): void {
  const parent = tx.get<TaskRef>(PARENT_SQL, { childId, prefix: CHILD_KEY_PREFIX });
  if (parent !== undefined) wakeTask(tx, parent, "CHILD_ENDED");
}

const ENDED_SQL = "SELECT 1 AS one FROM tasks WHERE id = @childId AND finished_at IS NOT NULL";

export function hasEnded(tx: Tx, childId: string): boolean {
  return tx.get(ENDED_SQL, { childId }) !== undefined;
}
