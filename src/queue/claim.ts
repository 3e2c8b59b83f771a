// QUEUED → CLAIMED: gives waiting tasks to free lanes under a lease. Looks only at the head of each (agent, priority)
// level, so a claim costs the same with a thousand and with a million tasks waiting (decision 0005).

import type { OutputSpec } from "../domain/output.ts";
import { AGEING, type ClaimedTask, type Sampling, type TaskState } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { start } from "./start.ts";
import { FAIR_CLOCK, LEVELS, parseLevel, recordTransition } from "./transition.ts";

export interface ClaimInput {
  /** Boot id of the claiming daemon. */
  readonly owner: string;
  readonly leaseMs: number;
  /** Free lanes in all. */
  readonly slots: number;
  /** Free lanes of agents that have a limit of their own; agents that are not named have none. */
  readonly agentSlots: Readonly<Record<string, number>>;
  readonly policyVersion: string;
  /** Clients' own requests alone, whatever their agent's limit is; absent takes whatever waits. */
  readonly only?: "passthrough";
}

// As many as are under way: a request goes with the end of its task.
const PASSAGE_HEADS_SQL = `
  SELECT tasks.id, agent_id AS agentId, priority, fair_tag AS fairTag, created_at AS createdAt
  FROM passages CROSS JOIN tasks ON tasks.id = passages.task_id
  WHERE state = 'QUEUED'
  ORDER BY fair_tag, created_at LIMIT @limit`;

const HEADS_SQL = `
  SELECT id, agent_id AS agentId, priority, fair_tag AS fairTag, created_at AS createdAt
  FROM tasks
  WHERE state = 'QUEUED' AND agent_id = @agentId AND priority = @priority
  ORDER BY fair_tag, created_at LIMIT @limit`;

// When all that waits is one level there is nothing to seek, which is several times cheaper than seeking among equals.
const ONLY_HEADS_SQL = `
  SELECT id, agent_id AS agentId, priority, fair_tag AS fairTag, created_at AS createdAt
  FROM tasks
  WHERE state = 'QUEUED'
  ORDER BY agent_id, priority DESC, fair_tag, created_at LIMIT @limit`;

// Almost always empty. Asked for by itself, so that the heads above come from their index alone.
const SUSPECTS_SQL = "SELECT id, state FROM tasks WHERE suspect = 1 AND finished_at IS NULL";

const CLAIM_SQL = `
  UPDATE tasks
  SET state = 'CLAIMED', attempt = attempt + 1, fence = fence + 1, lease_owner = @owner, lease_until = @until,
      reason_code = NULL, updated_at = @now
  WHERE id = @id AND state = 'QUEUED'
  RETURNING id, session_id AS sessionId, agent_id AS agentId, priority, kind, attempt, max_attempts AS maxAttempts,
            fence, key_id AS keyId, schedule_id AS scheduleId, model, sampling, output_schema AS output,
            trace_id AS traceId`;

interface Head {
  readonly id: string;
  readonly agentId: string;
  readonly priority: number;
  readonly fairTag: number;
  readonly createdAt: number;
}

interface Suspect {
  readonly id: string;
  readonly state: TaskState;
}

type ClaimRow = Omit<ClaimedTask, "sampling" | "output" | "policyVersion"> & {
  readonly sampling: string;
  readonly output: string | null;
  readonly priority: number;
};

export const claim = defineVerb("queue.claim", (tx, input: ClaimInput): ClaimedTask[] => {
  const claimed: ClaimedTask[] = [];
  for (const head of chooseHeads(tx, input)) {
    const until = tx.monoMs + input.leaseMs;
    const row = tx.get<ClaimRow>(CLAIM_SQL, { id: head.id, owner: input.owner, until, now: tx.nowMs });
    if (row === undefined) continue;
    tx.add(FAIR_CLOCK, Math.max(0, head.fairTag - tx.count(FAIR_CLOCK)));
    recordTransition(tx, row, { from: "QUEUED", to: "CLAIMED" }, null, { owner: input.owner });
    start(tx, row, input.policyVersion);
    const output = row.output === null ? null : (JSON.parse(row.output) as OutputSpec);
    const sampling = JSON.parse(row.sampling) as Sampling;
    claimed.push({ ...row, sampling, output, policyVersion: input.policyVersion });
  }
  return claimed;
});

/** The best `slots` tasks by effective priority, then fair tag, then age, within each agent's own limit. */
function chooseHeads(tx: Tx, { slots, agentSlots, only }: ClaimInput): Head[] {
  const limitOf = (agentId: string): number => Math.min(slots, agentSlots[agentId] ?? slots);
  const suspects = tx.all<Suspect>(SUSPECTS_SQL);
  if (only !== undefined) {
    const heads = tx.all<Head>(PASSAGE_HEADS_SQL, { limit: slots + suspects.length });
    return merge(withOneSuspect([heads], suspects, tx.nowMs), slots, tx.nowMs);
  }
  const levels = tx.counted(LEVELS).filter((level) => tx.count(level) > 0);
  const found: Head[][] = [];
  for (const level of levels) {
    const [priority, agentId] = parseLevel(level);
    if (limitOf(agentId) <= 0) continue;
    const limit = limitOf(agentId) + suspects.length;
    const heads =
      levels.length === 1
        ? tx.all<Head>(ONLY_HEADS_SQL, { limit })
        : tx.all<Head>(HEADS_SQL, { agentId, priority, limit });
    found.push(heads);
  }
  const byAgent = new Map<string, Head[][]>();
  for (const heads of withOneSuspect(found, suspects, tx.nowMs)) {
    const agentId = heads[0]?.agentId;
    if (agentId !== undefined) byAgent.set(agentId, [...(byAgent.get(agentId) ?? []), heads]);
  }
  const ofAgents = [...byAgent].map(([agentId, heads]) => merge(heads, limitOf(agentId), tx.nowMs));
  return merge(ofAgents, slots, tx.nowMs);
}

/**
 * Tasks whose last attempt died with its daemon run one at a time: the one that takes the daemon down then spends its
 * own attempts, and not those of its neighbours.
 */
function withOneSuspect(levels: Head[][], suspects: readonly Suspect[], nowMs: number): Head[][] {
  if (suspects.length === 0) return levels;
  const ids = new Set(suspects.map(({ id }) => id));
  const oneIsRunning = suspects.some(({ state }) => state !== "QUEUED");
  const waiting = levels.flat().filter(({ id }) => ids.has(id));
  const next = oneIsRunning ? undefined : waiting.sort((a, b) => compareHeads(a, b, nowMs))[0];
  return levels.map((heads) => heads.filter((head) => !ids.has(head.id) || head === next));
}

/** Takes the best head, again and again: ageing is between levels, within one the fair tag rules. */
function merge(levels: Head[][], limit: number, nowMs: number): Head[] {
  const chosen: Head[] = [];
  while (chosen.length < limit) {
    const waiting = levels.filter((level) => level.length > 0);
    if (waiting.length === 0) break;
    const level = waiting.reduce((a, b) => (compareHeads(a[0]!, b[0]!, nowMs) <= 0 ? a : b));
    chosen.push(level.shift()!);
  }
  return chosen;
}

/** Priority plus one step for every AGEING.stepMs waited, up to AGEING.maxSteps. */
export function effectivePriority(priority: number, waitedMs: number): number {
  return priority + Math.min(AGEING.maxSteps, Math.floor(Math.max(0, waitedMs) / AGEING.stepMs));
}

function compareHeads(a: Head, b: Head, nowMs: number): number {
  const byPriority =
    effectivePriority(b.priority, nowMs - b.createdAt) - effectivePriority(a.priority, nowMs - a.createdAt);
  return byPriority || a.fairTag - b.fairTag || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
