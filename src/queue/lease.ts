// The fence: what every write of an attempt is held against. A lost lease shows as no row, and the attempt stops
// before its next effect.

import type { Tx } from "../store/tx.ts";
import type { TaskRef } from "./transition.ts";

/** Which attempt writes: `fence` is raised by every claim and never given back (decision 0002). */
export interface Fence {
  readonly taskId: string;
  readonly fence: number;
}

export interface HeldTask extends TaskRef {
  readonly maxAttempts: number;
  readonly anchor: number;
  /** The API key it was submitted with; null for the home's own token. */
  readonly keyId: string | null;
  /** The schedule it belongs to. */
  readonly scheduleId: string | null;
  readonly parentId: string | null;
  /** 1 for a task whose messages no other task is shown. */
  readonly aside: 0 | 1;
  /** 1 when the task asked for data: then no answer's text is its result as it is. */
  readonly structured: 0 | 1;
  /** 1 for a client's own request. */
  readonly passed: 0 | 1;
  readonly fingerprint: string | null;
  readonly fingerprintCount: number;
}

const HELD_SQL = `
  SELECT id, session_id AS sessionId, agent_id AS agentId, key_id AS keyId, schedule_id AS scheduleId,
         parent_id AS parentId, priority, attempt, max_attempts AS maxAttempts, anchor, kind = 'compact' AS aside,
         kind = 'passthrough' AS passed,
         fingerprint, fingerprint_count AS fingerprintCount, output_schema IS NOT NULL AS structured
  FROM tasks
  WHERE id = @taskId AND fence = @fence AND state = 'RUNNING' AND lease_until > @mono`;

/** The task, if this attempt still holds its lease. */
export function heldTask(tx: Tx, { taskId, fence }: Fence): HeldTask | undefined {
  return tx.get<HeldTask>(HELD_SQL, { taskId, fence, mono: tx.monoMs });
}
