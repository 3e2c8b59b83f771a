// CLAIMED or RUNNING → QUEUED when the owner is gone or its lease ran out; the attempt counts, so that a task which
// takes the daemon down ends in the dead-letter queue. Looks only at leases that are provably over.

import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { cancelAbandoned } from "./cancel.ts";
import { bury, failForGood } from "./fail.ts";
import { recordTransition, type TaskRef } from "./transition.ts";

interface Leased extends TaskRef {
  readonly state: "CLAIMED" | "RUNNING";
  readonly maxAttempts: number;
}

const COLUMNS = `
  id, session_id AS sessionId, agent_id AS agentId, priority, attempt, max_attempts AS maxAttempts, state`;

const ORPHANS_SQL = `
  SELECT ${COLUMNS} FROM tasks WHERE lease_owner IS NOT NULL AND lease_owner <> @owner`;

const EXPIRED_SQL = `
  SELECT ${COLUMNS} FROM tasks WHERE lease_owner = @owner AND lease_until <= @mono`;

const OWNED_SQL = `SELECT ${COLUMNS} FROM tasks WHERE lease_owner = @owner`;

const TAKE_BACK_SQL = `
  UPDATE tasks
  SET state = 'QUEUED', reason_code = @reason, available_at = @now, lease_owner = NULL, lease_until = NULL,
      suspect = @suspect, updated_at = @now
  WHERE id = @id`;

export interface Recovered {
  readonly requeued: number;
  readonly deadLettered: number;
}

/** At start: every lease of an earlier boot is over, because this boot holds the home lock. */
export const recoverOrphans = defineVerb(
  "queue.recover_orphans",
  (tx, input: { owner: string }): Recovered => {
    cancelAbandoned(tx);
    return takeBackAll(tx, tx.all<Leased>(ORPHANS_SQL, { owner: input.owner }), "OWNER_DIED", "CRASH_LOOP");
  },
);

/** While running: leases of this boot that were not renewed, because the main loop stood still for too long. */
export function recoverExpired(tx: Tx, owner: string): Recovered {
  const expired = tx.all<Leased>(EXPIRED_SQL, { owner, mono: tx.monoMs });
  return takeBackAll(tx, expired, "LEASE_EXPIRED", "DEAD_LETTER_MAX_ATTEMPTS");
}

/**
 * After a claim whose commit was reported as failed and may have been made: leases of this boot that no lane knows of.
 * `held`: the tasks that lanes do hold.
 */
export const recoverUnheld = defineVerb(
  "queue.recover_unheld",
  (tx, { owner, held }: { owner: string; held: readonly string[] }): Recovered => {
    const unheld = tx.all<Leased>(OWNED_SQL, { owner }).filter(({ id }) => !held.includes(id));
    return takeBackAll(tx, unheld, "LEASE_EXPIRED", "DEAD_LETTER_MAX_ATTEMPTS");
  },
);

function takeBackAll(tx: Tx, tasks: readonly Leased[], reason: string, lastReason: string): Recovered {
  let deadLettered = 0;
  for (const task of tasks) {
    if (task.state === "RUNNING" && task.attempt >= task.maxAttempts) {
      const message = `attempt ${task.attempt} of ${task.maxAttempts} ended without an outcome (${reason})`;
      failForGood(tx, task, "RUNNING", reason, lastReason, message);
      bury(tx, task, lastReason);
      deadLettered++;
    } else {
      const suspect = reason === "OWNER_DIED" ? 1 : 0;
      tx.run(TAKE_BACK_SQL, { id: task.id, reason, suspect, now: tx.nowMs });
      recordTransition(tx, task, { from: task.state, to: "QUEUED" }, reason);
    }
  }
  return { requeued: tasks.length - deadLettered, deadLettered };
}
