// The two halves of a claim as verbs of their own. The product commits them together, so that a row is never seen in
// CLAIMED; with a store or an engine that splits them the arrows out of CLAIMED must hold all the same.

import type { TaskState } from "../../src/domain/task.ts";
import { start } from "../../src/queue/start.ts";
import { recordTransition, type TaskRef } from "../../src/queue/transition.ts";
import { defineVerb } from "../../src/store/verb.ts";

const CLAIM_SQL = `
  UPDATE tasks
  SET state = 'CLAIMED', attempt = attempt + 1, fence = fence + 1, lease_owner = @owner, lease_until = @until,
      reason_code = NULL, updated_at = @now
  WHERE id = @id AND state = 'QUEUED'
  RETURNING id, session_id AS sessionId, agent_id AS agentId, priority, attempt`;

const FIND_SQL = `
  SELECT id, session_id AS sessionId, agent_id AS agentId, priority, attempt, fence, state FROM tasks WHERE id = @id`;

interface Half {
  readonly id: string;
  readonly owner: string;
  readonly leaseMs: number;
}

export const claimHalf = defineVerb("test.claim_half", (tx, { id, owner, leaseMs }: Half): boolean => {
  const until = tx.monoMs + leaseMs;
  const row = tx.get<TaskRef>(CLAIM_SQL, { id, owner, until, now: tx.nowMs });
  if (row === undefined) return false;
  recordTransition(tx, row, { from: "QUEUED", to: "CLAIMED" }, null, { owner });
  return true;
});

export const startHalf = defineVerb("test.start_half", (tx, { id }: { id: string }): boolean => {
  const row = tx.get<TaskRef & { fence: number; state: TaskState }>(FIND_SQL, { id });
  if (row?.state !== "CLAIMED") return false;
  start(tx, row, "policy");
  return true;
});

export const HALVES = [claimHalf, startHalf];
