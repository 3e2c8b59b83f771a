// Read models of a session's events: the tasks of a session write one log, and `seq` orders it.

import type { DurableEvent } from "../domain/event.ts";
import type { Reader } from "./reader.ts";

export interface SessionEvent extends DurableEvent {
  /** The trace of the request that brought the event's task. */
  readonly traceId: string;
}

// The tasks come first, whatever the planner thinks: a session is small, the log is not.
const EVENTS_SQL = `
  SELECT log.seq, log.task_id AS taskId, log.session_id AS sessionId, log.agent_id AS agentId, log.type,
         log.state_from AS "from", log.state_to AS "to", log.attempt, log.reason_code AS reasonCode, log.payload, log.at,
         tasks.trace_id AS traceId
  FROM tasks CROSS JOIN task_events AS log ON log.task_id = tasks.id
  WHERE tasks.session_id = @sessionId AND log.seq > @after ORDER BY log.seq LIMIT @limit`;

interface EventRow extends Omit<SessionEvent, "payload"> {
  readonly payload: string;
}

/** The session's events after `after`, oldest first. */
export function sessionEvents(
  reader: Reader,
  sessionId: string,
  after: number,
  limit: number,
): SessionEvent[] {
  return reader
    .all<EventRow>(EVENTS_SQL, { sessionId, after, limit })
    .map((row) => ({ ...row, payload: JSON.parse(row.payload) as Record<string, unknown> }));
}

const HAS_EVENT_SQL = "SELECT 1 FROM task_events WHERE seq = @seq";

/** False for an event that was never written, and for one that is no longer kept. */
export function hasEvent(reader: Reader, seq: number): boolean {
  return reader.get(HAS_EVENT_SQL, { seq }) !== undefined;
}

const TRACE_SQL = "SELECT trace_id AS traceId FROM tasks WHERE id = @taskId";

export function traceOfTask(reader: Reader, taskId: string): string {
  return reader.get<{ traceId: string }>(TRACE_SQL, { taskId })?.traceId ?? "";
}
