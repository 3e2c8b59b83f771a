// What must be true after every command: the rows are the model's tasks, the counts in memory are the rows', and the
// new events continue each task's chain along DESIGN's arrows up to the state of its row.

import { CODES } from "../../src/domain/error.ts";
import { LEASED_COUNT, levelOf, queuedCount } from "../../src/queue/transition.ts";
import type { InlineWriter } from "../support/inline-writer.ts";
import { ARROWS, isEnded, isLeased, type Model, type ModelTask, STARTS_AT, type State } from "./model.ts";

/** The product under test, and how far its event log has been read. */
export interface World {
  readonly writer: InlineWriter;
  readonly chains: Map<string, State>;
  lastSeq: number;
  /** Numbers that make turns and keys unique. */
  serial: number;
}

interface Row {
  readonly id: string;
  readonly state: State;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly fence: number;
  readonly owner: string | null;
  readonly leaseUntil: number | null;
  readonly reason: string | null;
  readonly availableAt: number;
  readonly finishedAt: number | null;
}

const ROWS_SQL = `
  SELECT id, state, attempt, max_attempts AS maxAttempts, fence, lease_owner AS owner, lease_until AS leaseUntil,
         reason_code AS reason, available_at AS availableAt, finished_at AS finishedAt
  FROM tasks`;

const MOVES_SQL = `
  SELECT seq, task_id AS taskId, state_from AS "from", state_to AS "to", reason_code AS reason FROM task_events
  WHERE seq > @after AND state_to IS NOT NULL ORDER BY seq`;

interface Move {
  readonly seq: number;
  readonly taskId: string;
  readonly from: State | null;
  readonly to: State;
  readonly reason: string | null;
}

export function rowOf(world: World, id: string): Row {
  return world.writer.reader.get<Row>(`${ROWS_SQL} WHERE id = @id`, { id })!;
}

/** Throws with the first thing that is wrong. */
export function check(model: Model, world: World): void {
  const rows = world.writer.reader.all<Row>(ROWS_SQL);
  same("number of tasks", rows.length, model.tasks.length);
  const byId = new Map(model.tasks.map((task) => [task.id, task]));
  for (const row of rows) checkRow(row, byId.get(row.id)!);
  checkMoves(world);
  for (const task of model.tasks) same(`last event of ${task.id}`, world.chains.get(task.id), task.state);
  checkCounts(model, world);
}

function checkRow(row: Row, task: ModelTask): void {
  const { id, state, attempt, maxAttempts, fence, owner, leaseUntil, reason, availableAt } = row;
  same(`row of ${id}`, { state, attempt, fence, owner, leaseUntil, reason, availableAt }, pick(task));
  if (attempt > maxAttempts) throw new Error(`${id} is at attempt ${attempt} of ${maxAttempts}`);
  same(`${id} is finished`, row.finishedAt !== null, isEnded(task));
}

function pick({ state, attempt, fence, owner, leaseUntil, reason, availableAt }: ModelTask) {
  return { state, attempt, fence, owner, leaseUntil, reason, availableAt };
}

function checkMoves(world: World): void {
  for (const move of world.writer.reader.all<Move>(MOVES_SQL, { after: world.lastSeq })) {
    world.lastSeq = move.seq;
    const before = world.chains.get(move.taskId);
    same(`event ${move.seq} of ${move.taskId} leaves`, move.from, before ?? null);
    const legal = before === undefined ? move.to === STARTS_AT : ARROWS[before].includes(move.to);
    if (!legal) throw new Error(`event ${move.seq} of ${move.taskId} moves ${before} to ${move.to}`);
    if (before === "RUNNING" && move.to !== "SUCCEEDED" && !((move.reason ?? "") in CODES)) {
      throw new Error(`event ${move.seq} of ${move.taskId} leaves RUNNING for ${move.to}: ${move.reason}`);
    }
    world.chains.set(move.taskId, move.to);
  }
}

function checkCounts({ tasks }: Model, { writer }: World): void {
  const tx = writer.tx();
  same("leased in memory", tx.count(LEASED_COUNT), tasks.filter(isLeased).length);
  const queued = tasks.filter((task) => task.state === "QUEUED");
  for (const { agentId, priority } of tasks) {
    const ofAgent = queued.filter((task) => task.agentId === agentId);
    same(`queued in memory for ${agentId}`, tx.count(queuedCount(agentId)), ofAgent.length);
    const ofLevel = ofAgent.filter((task) => task.priority === priority);
    same(`level ${priority} of ${agentId}`, tx.count(levelOf(agentId, priority)), ofLevel.length);
  }
}

export function same(what: string, actual: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what}: is ${is}, should be ${should}`);
}

/** Runs `act`, which must not write a single row. */
export function writesNothing<Value>(world: World, act: () => Value): Value {
  const count = (): number => world.writer.db.prepare("SELECT total_changes()").pluck().get() as number;
  const before = count();
  const value = act();
  same("rows written by a refusal", count() - before, 0);
  return value;
}

const TRACES = ["tasks", "task_events", "answers", "effects", "messages", "audit"];

/** Runs `act`, which may keep what a call has cost, and must leave everything else as it is. */
export function writesCostAlone<Value>(world: World, act: () => Value): Value {
  const look = (): string =>
    JSON.stringify(TRACES.map((table) => world.writer.db.prepare(`SELECT * FROM ${table}`).all()));
  const before = look();
  const value = act();
  same("what a refusal left behind beside its cost", look(), before);
  return value;
}
