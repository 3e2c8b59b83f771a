// What must hold of a home whatever happened to its daemon. Each check reads only evidence that an operator has (the
// views) and what the stub and the sink saw from outside; it returns sentences, one for each violation.

import { canMove, isTerminal, type TaskState } from "../../src/domain/task.ts";
import type { AuditRow, EventRow, HomeDb, TaskRow } from "./home-db.ts";
import type { SinkCall } from "./sink.ts";
import type { StubCall } from "./stub-model.ts";

export interface Evidence {
  readonly db: HomeDb;
  /** Task ids that a 2xx named, with the key of the prompt each was submitted with. */
  readonly acknowledged: ReadonlyMap<string, string>;
  readonly stubCalls: readonly StubCall[];
  readonly sinkCalls: readonly SinkCall[];
  /** False while tasks may still be under way. */
  readonly settled: boolean;
}

export interface Findings {
  readonly lost: readonly string[];
  readonly illegalChains: readonly string[];
  readonly unfinished: readonly string[];
  readonly overAttempted: readonly string[];
  readonly doubledOnce: readonly string[];
  readonly changedKeys: readonly string[];
  readonly boughtTwice: readonly string[];
  readonly unaudited: readonly string[];
  readonly damaged: readonly string[];
}

/** Everything that is wrong, and apart from it the tasks that wait for an operator. */
export function examine(evidence: Evidence): { findings: Findings; parked: readonly TaskRow[] } {
  const { db, acknowledged } = evidence;
  const tasks = db.tasks();
  const known = new Map(tasks.map((task) => [task.id, task]));
  const events = groupBy(db.events(), (event) => event.task_id);
  const parked = tasks.filter((task) => task.state === "RETRY_WAIT" && task.reason_code === "EFFECT_UNKNOWN");
  const idOfKey = new Map([...acknowledged].map(([id, key]) => [key, id]));
  const findings: Findings = {
    lost: [...acknowledged].filter(([id]) => !known.has(id)).map(([id, key]) => `${key}: ${id} is gone`),
    illegalChains: tasks.flatMap((task) => chainFaults(task, events.get(task.id) ?? [])),
    unfinished: evidence.settled
      ? tasks.filter((task) => !isTerminal(task.state) && !parked.includes(task)).map(describe)
      : [],
    overAttempted: tasks.filter((task) => task.attempt > task.max_attempts).map(describe),
    doubledOnce: doubledOnce(evidence.sinkCalls),
    changedKeys: changedKeys(evidence.sinkCalls),
    boughtTwice: boughtTwice(evidence.stubCalls, idOfKey, events),
    unaudited: unaudited(evidence.sinkCalls, idOfKey, db.audit()),
    damaged: db.damage(),
  };
  return { findings, parked };
}

/** The findings as lines, empty when all is well. */
export function violations(findings: Findings): string[] {
  return Object.entries(findings).flatMap(([name, lines]) =>
    (lines as readonly string[]).map((line) => `${name}: ${line}`),
  );
}

/** The chain of state events starts at QUEUED, is connected, uses only arrows of the table, and ends once. */
export function chainFaults(task: TaskRow, events: readonly EventRow[]): string[] {
  const moves = events.filter((event) => event.state_to !== null);
  const fault = (message: string): string[] => [`${task.id} ${message} (${moves.map(arrow).join(" ")})`];
  const first = moves[0];
  if (!first) return fault("has no events");
  if (first.state_from !== null || first.state_to !== "QUEUED") return fault("does not start at QUEUED");
  let state: TaskState = first.state_to;
  for (const move of moves.slice(1)) {
    if (move.state_from !== state) return fault(`has a gap at seq ${move.seq}`);
    if (!canMove(state, move.state_to!)) return fault(`makes an illegal move at seq ${move.seq}`);
    state = move.state_to!;
  }
  if (state !== task.state) return fault(`is ${task.state} in its row and ${state} in its events`);
  return [];
}

function arrow(event: EventRow): string {
  return `${event.state_from ?? ""}→${event.state_to}${event.reason_code ? `(${event.reason_code})` : ""}`;
}

function doubledOnce(calls: readonly SinkCall[]): string[] {
  return [...groupBy(calls, (call) => call.key)]
    .filter(([, same]) => same.length > 1)
    .map(([key, same]) => `${key} was alerted ${same.length} times`);
}

/** One act has one idempotency key and one content; two acts never share a key. */
function changedKeys(calls: readonly SinkCall[]): string[] {
  const faults: string[] = [];
  for (const call of calls) {
    if (!call.idempotencyKey) faults.push(`${call.key} came without an Idempotency-Key`);
  }
  for (const [key, same] of groupBy(calls, (call) => call.idempotencyKey ?? "")) {
    if (key && new Set(same.map((call) => call.body)).size > 1)
      faults.push(`key ${key} came with two bodies`);
  }
  for (const [key, same] of groupBy(calls, (call) => call.key)) {
    if (new Set(same.map((call) => call.idempotencyKey)).size > 1) faults.push(`${key} came with two keys`);
  }
  return faults;
}

/** Once `model.end` of a turn is durable, its answer is never asked for again. */
function boughtTwice(
  calls: readonly StubCall[],
  idOfKey: ReadonlyMap<string, string>,
  events: ReadonlyMap<string, readonly EventRow[]>,
): string[] {
  const faults: string[] = [];
  const bought = new Map<string, readonly EventRow[]>();
  for (const [id, own] of events) {
    bought.set(
      id,
      own.filter((event) => event.type === "model.end"),
    );
  }
  for (const call of calls) {
    const id = idOfKey.get(call.key);
    const end = id === undefined ? undefined : bought.get(id)?.[call.turn];
    // An event's time is whole milliseconds, so a call in the same millisecond proves nothing.
    if (end && call.startedAt >= end.at + 1) {
      faults.push(
        `${call.key} turn ${call.turn} was asked for ${call.startedAt - end.at} ms after its answer`,
      );
    }
  }
  return faults;
}

/** No alert without an earlier "allow" for its task. */
function unaudited(
  calls: readonly SinkCall[],
  idOfKey: ReadonlyMap<string, string>,
  audit: readonly AuditRow[],
): string[] {
  const allows = groupBy(
    audit.filter((row) => row.decision === "allow" && row.capability === "tools.send_alert"),
    (row) => row.task_id ?? "",
  );
  return calls
    .filter((call) => {
      const id = idOfKey.get(call.key.replace(/\.\d+$/, ""));
      return id !== undefined && !(allows.get(id) ?? []).some((row) => row.at <= call.at);
    })
    .map((call) => `${call.key} was alerted without an earlier allow`);
}

function describe(task: TaskRow): string {
  const why = task.reason_code ? ` (${task.reason_code})` : "";
  return `${task.id} is ${task.state}${why} at attempt ${task.attempt} of ${task.max_attempts}`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
