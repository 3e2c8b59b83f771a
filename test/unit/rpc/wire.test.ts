// The shapes that clients see.

import { expect, test } from "vitest";
import type { DurableEvent } from "../../../src/domain/event.ts";
import type { Task } from "../../../src/domain/task.ts";
import { toWireEvent, toWireTask } from "../../../src/rpc/wire.ts";
import { verifies } from "../../support/verifies.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 67);

const task: Task = {
  ...{
    id: "t",
    sessionId: "s",
    agentId: "default",
    kind: "chat",
    state: "QUEUED",
    attempt: 0,
    maxAttempts: 3,
  },
  ...{ priority: 0, reasonCode: null, errorCode: null, errorMessage: null, prompt: "hello", result: null },
  ...{
    usage: { inputTokens: 1, outputTokens: 2, cachedTokens: 3, costUsd: null },
    parentId: null,
    scheduleId: null,
  },
  ...{ idempotencyKey: "secret of the client", traceId: "trace" },
  ...{ createdAt: AT, updatedAt: AT, availableAt: AT },
  ...{ startedAt: null, finishedAt: null, route: null },
};

test("a task that has not begun has no fields that have no value yet", () => {
  expect(toWireTask(task)).toEqual({
    ...{
      id: "t",
      session_id: "s",
      trace_id: "trace",
      agent_id: "default",
      kind: "chat",
      state: "QUEUED",
      attempt: 0,
      max_attempts: 3,
    },
    ...{ priority: 0, prompt: "hello" },
    usage: { input_tokens: 1, output_tokens: 2, cached_tokens: 3, cost_usd: null },
    created_at: "2026-01-02T03:04:05.067Z",
    available_at: "2026-01-02T03:04:05.067Z",
  });
});

test(verifies("REL-007", "a task that failed has a reason, an error and an end"), () => {
  const failed = {
    state: "FAILED",
    reasonCode: "PROVIDER_AUTH",
    errorCode: "PROVIDER_AUTH",
    errorMessage: null,
  } as const;
  const wire = toWireTask({
    ...task,
    ...failed,
    startedAt: AT,
    finishedAt: AT + 1,
    parentId: "p",
    result: { text: "" },
  });
  expect(wire).toMatchObject({
    reason_code: "PROVIDER_AUTH",
    error: { code: "PROVIDER_AUTH", message: "" },
    parent_id: "p",
    result: { text: "" },
    started_at: "2026-01-02T03:04:05.067Z",
    finished_at: "2026-01-02T03:04:05.068Z",
  });
});

test("an event carries its states when it has them, and its payload as it is", () => {
  const event: DurableEvent = {
    ...{ seq: 7, taskId: "t", sessionId: "s", agentId: "a", type: "task.enqueued", from: null, to: "QUEUED" },
    ...{ attempt: 0, reasonCode: null, payload: { priority: 0 }, at: AT },
  };
  expect(toWireEvent(event, "trace")).toEqual({
    ...{
      seq: 7,
      task_id: "t",
      session_id: "s",
      trace_id: "trace",
      type: "task.enqueued",
      state_to: "QUEUED",
      attempt: 0,
    },
    ...{ payload: { priority: 0 }, at: "2026-01-02T03:04:05.067Z" },
  });
  const note: DurableEvent = { ...event, type: "tool.refused", to: null, reasonCode: "CAP_DENIED" };
  expect(Object.keys(toWireEvent(note, "trace"))).not.toContain("state_to");
  expect(toWireEvent(note, "trace")).toMatchObject({ reason_code: "CAP_DENIED" });
});

test("no name on the wire has a capital", () => {
  const names = [...Object.keys(toWireTask(task)), ...Object.keys(toWireTask(task).usage)];
  expect(names.filter((name) => !/^[a-z_]+$/.test(name))).toEqual([]);
  expect(JSON.stringify(toWireTask(task))).not.toContain("secret of the client");
});
