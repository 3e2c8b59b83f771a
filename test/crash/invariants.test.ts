// A check that cannot fail proves nothing: each invariant is shown a home that breaks it, and must say so.

import { expect, test } from "vitest";
import type { AuditRow, EventRow, HomeDb, TaskRow } from "../support/home-db.ts";
import { type Evidence, examine, type Findings, violations } from "../support/invariants.ts";
import type { SinkCall } from "../support/sink.ts";
import type { StubCall } from "../support/stub-model.ts";

const TASK: TaskRow = {
  id: "t1",
  session_id: "s",
  agent_id: "default",
  state: "SUCCEEDED",
  attempt: 1,
  max_attempts: 3,
  reason_code: null,
  idempotency_key: "task-1",
};

function event(
  seq: number,
  from: EventRow["state_from"],
  to: EventRow["state_to"],
  type = "task.moved",
): EventRow {
  return {
    seq,
    task_id: "t1",
    type,
    state_from: from,
    state_to: to,
    attempt: 1,
    reason_code: null,
    at: seq * 100,
  };
}

const EVENTS: readonly EventRow[] = [
  event(1, null, "QUEUED"),
  event(2, "QUEUED", "CLAIMED"),
  event(3, "CLAIMED", "RUNNING"),
  event(4, null, null, "model.end"),
  event(5, "RUNNING", "SUCCEEDED"),
];

const ALLOW: AuditRow = {
  ...{ seq: 1, at: 400, task_id: "t1", principal: "agent:a", capability: "tools.send_alert" },
  ...{ decision: "allow", rule: "tools.*", code: null, taint: "", hash: "h" },
};

const ALERT: SinkCall = { key: "task-1", idempotencyKey: "k1", body: "{}", at: 420 };

function asked(turn: number, startedAt: number): StubCall {
  const place = { key: "task-1", turn, nth: 0, order: 0 };
  const body = { model: "m", messages: [] };
  return { ...place, body, authorization: undefined, startedAt, endedAt: null, end: "answered" };
}

interface Home {
  readonly tasks?: readonly TaskRow[];
  readonly events?: readonly EventRow[];
  readonly audit?: readonly AuditRow[];
  readonly damage?: readonly string[];
}

function look(home: Home = {}, seen: Partial<Evidence> = {}): Findings {
  const db: HomeDb = {
    tasks: () => home.tasks ?? [TASK],
    task: () => undefined,
    events: () => home.events ?? EVENTS,
    effects: () => [],
    approvals: () => [],
    audit: () => home.audit ?? [ALLOW],
    unsettled: () => 0,
    damage: () => home.damage ?? [],
    close: () => undefined,
  };
  return examine({
    db,
    acknowledged: new Map([["t1", "task-1"]]),
    stubCalls: [asked(0, 350)],
    sinkCalls: [ALERT],
    settled: true,
    ...seen,
  }).findings;
}

test("a sound home has no violations", () => {
  expect(violations(look())).toEqual([]);
});

test("an acknowledged task that is gone is lost", () => {
  expect(look({}, { acknowledged: new Map([["t2", "task-2"]]) }).lost).toHaveLength(1);
});

const CHAINS: readonly (readonly [string, readonly EventRow[]])[] = [
  ["no events", []],
  ["a wrong start", EVENTS.slice(1)],
  ["a gap", EVENTS.filter((each) => each.seq !== 3)],
  ["an illegal arrow", [EVENTS[0]!, event(2, "QUEUED", "SUCCEEDED")]],
  ["two ends", [...EVENTS, event(6, "SUCCEEDED", "FAILED")]],
  ["an end that the row does not show", EVENTS.slice(0, 3)],
];

test.each(CHAINS)("a chain with %s is illegal", (_, events) => {
  expect(look({ events }).illegalChains).toHaveLength(1);
});

test("a task that neither ended nor asks is unfinished, one that asks is not", () => {
  const waiting: TaskRow = { ...TASK, state: "RETRY_WAIT", reason_code: "RETRY_DUE" };
  const events = [...EVENTS.slice(0, 3), event(4, "RUNNING", "RETRY_WAIT")];
  expect(look({ tasks: [waiting], events }).unfinished).toHaveLength(1);
  const asks: TaskRow = { ...waiting, reason_code: "EFFECT_UNKNOWN" };
  expect(look({ tasks: [asks], events }).unfinished).toEqual([]);
});

test("more attempts than allowed, a damaged file", () => {
  expect(look({ tasks: [{ ...TASK, attempt: 4 }] }).overAttempted).toHaveLength(1);
  expect(look({ damage: ["row 3 missing from index"] }).damaged).toHaveLength(1);
});

test("an alert that came twice, without a key, with two keys, or as two things under one key", () => {
  expect(look({}, { sinkCalls: [ALERT, ALERT] }).doubledOnce).toHaveLength(1);
  expect(look({}, { sinkCalls: [{ ...ALERT, idempotencyKey: undefined }] }).changedKeys).toHaveLength(1);
  expect(look({}, { sinkCalls: [ALERT, { ...ALERT, idempotencyKey: "k2" }] }).changedKeys).toHaveLength(1);
  expect(look({}, { sinkCalls: [ALERT, { ...ALERT, body: "other" }] }).changedKeys).toHaveLength(1);
});

test("an answer asked for after it was journaled was bought twice; before, or at another turn, it was not", () => {
  expect(look({}, { stubCalls: [asked(0, 350), asked(0, 401)] }).boughtTwice).toHaveLength(1);
  expect(look({}, { stubCalls: [asked(0, 300), asked(0, 350), asked(1, 450)] }).boughtTwice).toEqual([]);
});

test("an alert without an allow, or before it, is unaudited", () => {
  expect(look({ audit: [] }).unaudited).toHaveLength(1);
  expect(look({ audit: [{ ...ALLOW, decision: "deny" }] }).unaudited).toHaveLength(1);
  expect(look({ audit: [{ ...ALLOW, at: 421 }] }).unaudited).toHaveLength(1);
  expect(look({ audit: [{ ...ALLOW, task_id: "t9" }] }).unaudited).toHaveLength(1);
});
