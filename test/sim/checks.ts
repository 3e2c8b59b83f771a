// What must hold after every step of a simulation, from the rows alone, and what must hold when all is quiet. Rows are
// looked at only when another commit has changed them.

import { LEASED_COUNT, queuedCount } from "../../src/queue/transition.ts";
import { ARROWS, STARTS_AT, type State } from "../property/model.ts";
import { AGENTS, LANES, type SimProcess } from "./process.ts";
import type { World } from "./world.ts";

const EVENTS_SQL = `
  SELECT seq, task_id AS taskId, type, state_from AS "from", state_to AS "to", attempt, reason_code AS reason
  FROM task_events WHERE seq > @after ORDER BY seq`;

interface EventRow {
  readonly seq: number;
  readonly taskId: string;
  readonly type: string;
  readonly from: State | null;
  readonly to: State | null;
  readonly attempt: number;
  readonly reason: string | null;
}

const TASKS_SQL = `
  SELECT id, agent_id AS agentId, state, attempt, max_attempts AS maxAttempts, lease_owner AS owner,
         reason_code AS reason, available_at AS availableAt, updated_at AS updatedAt FROM tasks`;

interface TaskRow {
  readonly id: string;
  readonly agentId: string;
  readonly state: State;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly owner: string | null;
  readonly reason: string | null;
  readonly availableAt: number;
  readonly updatedAt: number;
}

export interface Onlooker {
  /** Looks at the rows if there was a commit; adds what is wrong to the world's violations. */
  look(process: SimProcess | undefined): void;
  /** Tasks that neither have ended nor wait with a reason and a deadline. */
  unfinished(): readonly string[];
  /** At the end: nothing that was acknowledged is lost, every result is what the journal says. */
  conclude(): void;
}

const VERSION_SQL = "PRAGMA data_version";

export function createOnlooker(world: World): Onlooker {
  const { reader, violations } = world;
  const chains = new Map<string, State>();
  let lastSeq = 0;
  let seenVersion = -1;

  const readEvents = (): void => {
    for (const event of reader.all<EventRow>(EVENTS_SQL, { after: lastSeq })) {
      lastSeq = event.seq;
      const { taskId, type, from, to, attempt, reason } = event;
      world.trace(`event ${event.seq} ${taskId} ${type} ${from} ${to} ${attempt} ${reason}`);
      if (to === null) continue;
      const before = chains.get(taskId) ?? null;
      const legal = before === null ? to === STARTS_AT : ARROWS[before].includes(to);
      if (from !== before || !legal)
        violations.push(`${taskId}: event ${event.seq} ${from} → ${to} after ${before}`);
      if (before === "RUNNING" && to !== "SUCCEEDED" && reason === null)
        violations.push(`${taskId}: left RUNNING for ${to} without a reason`);
      if (reason === "EFFECT_UNKNOWN" && to === "RETRY_WAIT") checkUnknown(world, taskId);
      chains.set(taskId, to);
    }
  };

  return {
    look: (process) => {
      const version = reader.get<{ data_version: number }>(VERSION_SQL)!.data_version;
      if (version === seenVersion) return;
      seenVersion = version;
      readEvents();
      const tasks = reader.all<TaskRow>(TASKS_SQL);
      for (const task of tasks) checkTask(world, task, chains.get(task.id));
      if (process !== undefined) checkProcess(world, process, tasks);
    },
    unfinished: () =>
      reader
        .all<TaskRow>(TASKS_SQL)
        .filter(({ state }) => !["SUCCEEDED", "FAILED", "CANCELED", "DEAD_LETTER"].includes(state))
        .map(({ id, state, reason, attempt }) => `${id} is ${state} (${reason}) at attempt ${attempt}`),
    conclude: () => conclude(world),
  };
}

const UNKNOWN_SQL = "SELECT 1 FROM effects WHERE task_id = @taskId AND status IN ('PENDING', 'UNKNOWN')";

/** A person is asked about an act only when there is one of which nobody knows. */
function checkUnknown({ reader, violations }: World, taskId: string): void {
  if (reader.get(UNKNOWN_SQL, { taskId }) === undefined)
    violations.push(`${taskId} asks an operator, and there is no act whose outcome is unknown`);
}

function checkTask({ violations, time }: World, task: TaskRow, last: State | undefined): void {
  const { id, state, attempt, maxAttempts, reason, availableAt } = task;
  if (state !== last) violations.push(`${id} is ${state} in its row and ${last} in its events`);
  if (attempt > maxAttempts) violations.push(`${id} is at attempt ${attempt} of ${maxAttempts}`);
  if (state !== "RETRY_WAIT") return;
  if (reason === null || availableAt > time.clock.nowMs() + 30 * 86_400_000)
    violations.push(`${id} waits without a reason or a deadline: ${reason}, ${availableAt}`);
}

function checkProcess({ violations }: World, process: SimProcess, tasks: readonly TaskRow[]): void {
  const mine = tasks.filter(({ owner }) => owner === process.bootId);
  if (mine.length > LANES) violations.push(`${mine.length} tasks run on ${LANES} lanes`);
  if (process.busyModels() > LANES)
    violations.push(`${process.busyModels()} attempts ask a model on ${LANES} lanes`);
  const tx = process.tx();
  if (tx === undefined) return;
  const leased = tasks.filter(({ owner }) => owner !== null).length;
  if (tx.count(LEASED_COUNT) !== leased)
    violations.push(`${leased} tasks are leased, the writer counts ${tx.count(LEASED_COUNT)}`);
  for (const { id, workerCount } of AGENTS) {
    const own = tasks.filter(({ agentId }) => agentId === id);
    const queued = own.filter(({ state }) => state === "QUEUED").length;
    const counted = tx.count(queuedCount(id));
    if (counted !== queued)
      violations.push(`${queued} tasks of ${id} are queued, the writer counts ${counted}`);
    const running = own.filter(({ state }) => state === "RUNNING").length;
    if (workerCount !== null && running > workerCount)
      violations.push(`${running} tasks of ${id} run at once`);
  }
}

const RESULTS_SQL = `
  SELECT tasks.id, answer.content AS result, prompt.content AS key,
         (SELECT group_concat(text, char(10) || char(10)) FROM
           (SELECT text FROM answers WHERE answers.task_id = tasks.id AND text <> '' ORDER BY turn)) AS journal,
         (SELECT sum(input_tokens) FROM answers WHERE answers.task_id = tasks.id) AS bought,
         tasks.input_tokens AS counted
  FROM tasks
  JOIN messages AS prompt ON prompt.session_id = tasks.session_id AND prompt.anchor = tasks.anchor AND prompt.part = 0
  LEFT JOIN messages AS answer
    ON answer.session_id = tasks.session_id AND answer.anchor = tasks.anchor AND answer.part = 1
  WHERE tasks.state = 'SUCCEEDED'`;

interface ResultRow {
  readonly id: string;
  readonly key: string;
  readonly result: string | null;
  readonly journal: string | null;
  readonly bought: number | null;
  readonly counted: number;
}

const DOUBLED_SQL = `
  SELECT task_id AS id, count(*) AS times FROM task_events WHERE type = 'model.end'
  GROUP BY task_id, json_extract(payload, '$.turn') HAVING times > 1`;

const KNOWN_SQL = "SELECT id FROM tasks WHERE id = @id AND idempotency_key = @key";

function conclude({ reader, violations, acknowledged, jobs }: World): void {
  for (const key of jobs.keys()) if (!acknowledged.has(key)) violations.push(`${key} was never accepted`);
  for (const [key, id] of acknowledged) {
    if (reader.get(KNOWN_SQL, { id, key }) === undefined)
      violations.push(`${key} was acknowledged as ${id} and is gone`);
  }
  for (const { id, times } of reader.all<{ id: string; times: number }>(DOUBLED_SQL))
    violations.push(`${id}: the answer of one turn was recorded ${times} times`);
  for (const { key, result, journal, bought, counted } of reader.all<ResultRow>(RESULTS_SQL)) {
    if (result !== journal) violations.push(`${key} answers ${result}, its journal says ${journal}`);
    if (bought !== counted) violations.push(`${key} counts ${counted} tokens, its journal says ${bought}`);
  }
}
