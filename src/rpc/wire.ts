// The shapes clients see: snake_case, RFC 3339 times with milliseconds. The one mapper between the inside and them.

import type { DurableEvent } from "../domain/event.ts";
import type { Task } from "../domain/task.ts";

export type WireTask = ReturnType<typeof toWireTask>;
export type WireEvent = ReturnType<typeof toWireEvent>;

export function toWireTask(task: Task) {
  return {
    id: task.id,
    session_id: task.sessionId,
    trace_id: task.traceId,
    agent_id: task.agentId,
    kind: task.kind,
    state: task.state,
    attempt: task.attempt,
    max_attempts: task.maxAttempts,
    priority: task.priority,
    ...(task.reasonCode === null ? {} : { reason_code: task.reasonCode }),
    ...(task.errorCode === null ? {} : { error: { code: task.errorCode, message: task.errorMessage ?? "" } }),
    prompt: task.prompt,
    ...(task.result === null ? {} : { result: task.result }),
    usage: {
      input_tokens: task.usage.inputTokens,
      output_tokens: task.usage.outputTokens,
      cached_tokens: task.usage.cachedTokens,
      cost_usd: task.usage.costUsd,
    },
    ...(task.route === null ? {} : { route: task.route }),
    ...(task.parentId === null ? {} : { parent_id: task.parentId }),
    ...(task.scheduleId === null ? {} : { schedule_id: task.scheduleId }),
    created_at: time(task.createdAt),
    available_at: time(task.availableAt),
    ...(task.startedAt === null ? {} : { started_at: time(task.startedAt) }),
    ...(task.finishedAt === null ? {} : { finished_at: time(task.finishedAt) }),
  };
}

export function toWireEvent(event: DurableEvent, traceId: string) {
  return {
    seq: event.seq,
    task_id: event.taskId,
    session_id: event.sessionId,
    trace_id: traceId,
    type: event.type,
    ...(event.from === null ? {} : { state_from: event.from }),
    ...(event.to === null ? {} : { state_to: event.to }),
    attempt: event.attempt,
    ...(event.reasonCode === null ? {} : { reason_code: event.reasonCode }),
    payload: event.payload,
    at: time(event.at),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
