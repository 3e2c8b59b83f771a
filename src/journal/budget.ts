// Budgets in the journal: a model call reserves its part in the transaction that journals its start, and settles on
// real usage in the one that journals its answer. A crash leaks nothing: a dead owner's reservations are released.

import { fits, type Limit, periodsOf } from "../domain/budget.ts";
import { type Fence, type HeldTask, heldTask } from "../queue/lease.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { type Spent, TOTAL_PERIOD } from "./spend.ts";

/** One provider and model that may answer. */
export interface WantedLink {
  readonly provider: string;
  readonly model: string;
  /** The most this call is expected to cost here. `usd` is null when the price is unknown and no limit is in dollars. */
  readonly usd: number | null;
  readonly tokens: number;
  /** The provider's own limits: at one of them the link is passed over while another is left. */
  readonly limits: readonly Limit[];
}

export interface ReserveInput extends Fence {
  readonly turn: number;
  readonly owner: string;
  /** In the order they are asked; any of them may be the one that answers, so the dearest is reserved for. */
  readonly links: readonly WantedLink[];
  /** Limits of everybody, the agent, the API key and the schedule. */
  readonly limits: readonly Limit[];
}

/** A limit that has no room, and why. */
export interface Refusal {
  readonly limit: Limit;
  readonly used: number;
  readonly inFlight: number;
  readonly wanted: number;
}

export type Reserved =
  /** `passedOver`: links whose provider is at its limit; they must not be asked. */
  | { readonly type: "reserved"; readonly passedOver: readonly PassedOver[] }
  | { readonly type: "lost" }
  /** One refusal, or one for each link. */
  | { readonly type: "exceeded"; readonly refusals: readonly Refusal[] };

export type PassedOver = Pick<WantedLink, "provider" | "model">;

const RESERVE_SQL = `
  INSERT INTO reservations (task_id, turn, session_id, agent_id, key_id, schedule_id, owner, usd, tokens, created_at)
  VALUES (@taskId, @turn, @sessionId, @agentId, @keyId, @scheduleId, @owner, @usd, @tokens, @now)
  ON CONFLICT (task_id, turn) DO UPDATE SET owner = @owner, usd = @usd, tokens = @tokens, created_at = @now`;

export const reserve = defineVerb("journal.reserve", (tx, input: ReserveInput): Reserved => {
  const task = heldTask(tx, input);
  if (task === undefined) return { type: "lost" };
  const { turn, owner } = input;
  const looked = input.links.map((link) => ({ link, refusal: refusalOf(tx, task, turn, link.limits, link) }));
  const open = looked.flatMap(({ link, refusal }) => (refusal === undefined ? [link] : []));
  const refusals = looked.flatMap(({ refusal }) => refusal ?? []);
  const [first] = open;
  if (first === undefined) return { type: "exceeded", refusals };
  const usd = open.some((link) => link.usd === null) ? null : Math.max(...open.map((link) => link.usd ?? 0));
  const tokens = Math.max(...open.map((link) => link.tokens));
  const refusal = refusalOf(tx, task, turn, input.limits, { usd, tokens });
  if (refusal !== undefined) return { type: "exceeded", refusals: [refusal] };

  const { id: taskId, sessionId, agentId, keyId, scheduleId, attempt } = task;
  const place = { taskId, turn, sessionId, agentId, keyId, scheduleId };
  tx.run(RESERVE_SQL, { ...place, owner, usd: usd ?? 0, tokens, now: tx.nowMs });
  reserveLinks(tx, taskId, turn, open);
  const passedOver = looked
    .filter((one) => one.refusal !== undefined)
    .map(({ link: { provider, model } }) => ({ provider, model }));
  const { provider, model } = first;
  const amounts = { reserved_usd: usd, reserved_tokens: tokens };
  const skipped = passedOver.map((link) => `${link.provider}/${link.model}`);
  const payload = { turn, provider, model, ...amounts, ...(skipped.length > 0 && { passed_over: skipped }) };
  const noMove = { from: null, to: null, reasonCode: null };
  tx.append({ taskId, sessionId, agentId, type: "model.start", ...noMove, attempt, payload });
  return { type: "reserved", passedOver };
});

const FORGET_LINKS_SQL = "DELETE FROM reserved_links WHERE task_id = @taskId AND turn = @turn";

const RESERVE_LINK_SQL = `
  INSERT INTO reserved_links (task_id, turn, provider, usd, tokens) VALUES (@taskId, @turn, @provider, @usd, @tokens)
  ON CONFLICT (task_id, turn, provider) DO UPDATE SET usd = max(usd, @usd), tokens = max(tokens, @tokens)`;

/** Once per provider, with its dearest model: one call ends up at one of them. */
function reserveLinks(tx: Tx, taskId: string, turn: number, links: readonly WantedLink[]): void {
  tx.run(FORGET_LINKS_SQL, { taskId, turn });
  for (const { provider, usd, tokens, limits } of links) {
    if (limits.length > 0) tx.run(RESERVE_LINK_SQL, { taskId, turn, provider, usd: usd ?? 0, tokens });
  }
}

/** The first limit without room for `wanted`. */
function refusalOf(
  tx: Tx,
  task: HeldTask,
  turn: number,
  limits: readonly Limit[],
  amounts: { readonly usd: number | null; readonly tokens: number },
): Refusal | undefined {
  for (const limit of limits) {
    const used = usedUnder(tx, task, limit);
    const inFlight = inFlightUnder(tx, task, limit, turn);
    const wanted = limit.unit === "usd" ? (amounts.usd ?? 0) : amounts.tokens;
    if (!fits(used + inFlight + wanted, limit.cap)) return { limit, used, inFlight, wanted };
  }
  return undefined;
}

const TOTAL_SQL = "SELECT usd, tokens FROM spend_totals WHERE scope = @scope AND period = @period";

// What a task's children spend is its own spending too. A task is named, or a session, and the other is null.
const FAMILY_SQL = `
  WITH RECURSIVE family(id) AS (
    SELECT id FROM tasks WHERE id = @taskId
    UNION SELECT id FROM tasks WHERE session_id = @sessionId
    UNION SELECT tasks.id FROM family CROSS JOIN tasks ON tasks.parent_id = family.id)
  SELECT coalesce(sum(usd), 0) AS usd, coalesce(sum(tokens), 0) AS tokens
  FROM (
    SELECT cost_usd AS usd, coalesce(input_tokens, 0) + coalesce(output_tokens, 0) AS tokens
    FROM family CROSS JOIN answers ON answers.task_id = family.id
    UNION ALL
    SELECT cost_usd, coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
    FROM family CROSS JOIN summaries ON summaries.task_id = family.id
    UNION ALL
    SELECT cost_usd, coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
    FROM family CROSS JOIN failed_calls ON failed_calls.task_id = family.id
    UNION ALL
    SELECT cost_usd, coalesce(input_tokens, 0) + coalesce(output_tokens, 0)
    FROM family CROSS JOIN classifications ON classifications.task_id = family.id
    UNION ALL
    SELECT usd, tokens
    FROM family CROSS JOIN spend_totals ON scope = 'task:' || family.id AND period = 'total')`;

function usedUnder(tx: Tx, task: HeldTask, limit: Limit): number {
  const { scope, period, unit } = limit;
  const { day, month } = periodsOf(tx.nowMs);
  const spent = {
    task: () => tx.get<Spent>(FAMILY_SQL, familyOf(task, limit)),
    session: () => tx.get<Spent>(FAMILY_SQL, familyOf(task, limit)),
    day: () => tx.get<Spent>(TOTAL_SQL, { scope, period: day }),
    month: () => tx.get<Spent>(TOTAL_SQL, { scope, period: month }),
    total: () => tx.get<Spent>(TOTAL_SQL, { scope, period: TOTAL_PERIOD }),
  }[period]();
  return spent?.[unit] ?? 0;
}

function familyOf(task: HeldTask, { period, of }: Limit) {
  const { taskId, sessionId } = of ?? { taskId: task.id, sessionId: task.sessionId };
  return period === "task" ? { taskId, sessionId: null } : { taskId: null, sessionId };
}

// There is never more than one for each attempt that runs, so they are simply added up. The call's own earlier one does
// not count.
const IN_FLIGHT_SQL = `
  SELECT coalesce(sum(usd), 0) AS usd, coalesce(sum(tokens), 0) AS tokens
  FROM reservations
  WHERE NOT (task_id = @taskId AND turn = @turn)
    AND (@agentId IS NULL OR agent_id = @agentId)
    AND (@keyId IS NULL OR key_id = @keyId)
    AND (@scheduleId IS NULL OR schedule_id = @scheduleId)`;

// From the few calls in flight upwards: a session may have thousands of tasks.
const FAMILY_IN_FLIGHT_SQL = `
  WITH RECURSIVE line(origin, id, parent_id, session_id) AS (
    SELECT reservations.task_id, tasks.id, parent_id, tasks.session_id
    FROM reservations CROSS JOIN tasks ON tasks.id = reservations.task_id
    UNION
    SELECT origin, tasks.id, tasks.parent_id, tasks.session_id
    FROM line CROSS JOIN tasks ON tasks.id = line.parent_id)
  SELECT coalesce(sum(usd), 0) AS usd, coalesce(sum(tokens), 0) AS tokens
  FROM reservations
  WHERE NOT (task_id = @callerId AND turn = @turn)
    AND task_id IN (SELECT origin FROM line WHERE id = @taskId OR session_id = @sessionId)`;

const IN_FLIGHT_AT_SQL = `
  SELECT coalesce(sum(usd), 0) AS usd, coalesce(sum(tokens), 0) AS tokens
  FROM reserved_links
  WHERE provider = @provider AND NOT (task_id = @taskId AND turn = @turn)`;

function inFlightUnder(tx: Tx, task: HeldTask, limit: Limit, turn: number): number {
  const { scope, period, unit } = limit;
  const own = { taskId: task.id, turn };
  if (scope.startsWith("provider:")) {
    const provider = scope.slice("provider:".length);
    return tx.get<Spent>(IN_FLIGHT_AT_SQL, { ...own, provider })?.[unit] ?? 0;
  }
  if (period === "task" || period === "session") {
    const family = { ...familyOf(task, limit), callerId: task.id, turn };
    return tx.get<Spent>(FAMILY_IN_FLIGHT_SQL, family)?.[unit] ?? 0;
  }
  const row = tx.get<Spent>(IN_FLIGHT_SQL, {
    ...own,
    agentId: scope.startsWith("agent:") ? task.agentId : null,
    keyId: scope.startsWith("key:") ? task.keyId : null,
    scheduleId: scope.startsWith("schedule:") ? task.scheduleId : null,
  });
  return row?.[unit] ?? 0;
}

// An attempt that lost its lease may end after its successor has reserved the same turn: that reservation is not its own.
const RELEASE_SQL = `
  DELETE FROM reservations
  WHERE task_id = @taskId AND turn = @turn
    AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = @taskId AND state = 'RUNNING' AND fence <> @fence)`;

export interface CallPlace extends Fence {
  readonly turn: number;
}

/** The call ended without an answer: what it reserved is free again. */
export const release = defineVerb("journal.release", (tx, place: CallPlace): void => releaseCall(tx, place));

export function releaseCall(tx: Tx, { taskId, fence, turn }: CallPlace): void {
  tx.run(RELEASE_SQL, { taskId, fence, turn });
}

const RELEASE_ORPHANS_SQL = "DELETE FROM reservations WHERE owner <> @owner";

/** At start: calls of earlier boots are over, whatever became of them. */
export const releaseOrphans = defineVerb(
  "journal.release_orphans",
  (tx, { owner }: { owner: string }): number => tx.run(RELEASE_ORPHANS_SQL, { owner }),
);
