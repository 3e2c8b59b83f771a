// `session.events.subscribe|unsubscribe`: whether a caller may follow a session, and from where. The surface that has a
// connection does the following. A session that is not the key's looks like one that is not there.

import { GoclawError } from "../../domain/error.ts";
import { coversAgent } from "../../domain/key.ts";
import { hasEvent, type SessionEvent } from "../../store/session-events.ts";
import { agentsOfSession, findSession } from "../../store/sessions.ts";
import { defineMethod, paramsOf } from "../method.ts";

interface SubscribeParams {
  readonly session_id: string;
  /** The last event the caller saw; everything after it is sent. Absent or 0: from the beginning. */
  readonly from_event_id?: number;
}

const sessionId = { type: "string", minLength: 1, maxLength: 64 };
const eventId = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

export const subscribeSession = defineMethod<SubscribeParams, { session_id: string; after: number }>({
  name: "session.events.subscribe",
  capability: "acp.read",
  params: paramsOf({ session_id: sessionId, from_event_id: eventId }, ["session_id"]),
  forKey: ({ store }, params, key) => {
    const agents = agentsOfSession(store.reader, params.session_id);
    if (agents.every((agent) => coversAgent(key, agent))) return params;
    throw sessionNotFound(params.session_id);
  },
  run: async ({ store }, { session_id, from_event_id: after = 0 }) => {
    if (findSession(store.reader, session_id) === undefined) throw sessionNotFound(session_id);
    if (after > 0 && !hasEvent(store.reader, after)) {
      const message = `replay_gap: event ${after} is not in the log, so what came after it may be gone; subscribe from 0`;
      throw new GoclawError("REPLAY_GAP", message);
    }
    return { session_id, after };
  },
});

export const unsubscribeSession = defineMethod<{ readonly session_id: string }, { session_id: string }>({
  name: "session.events.unsubscribe",
  capability: "acp.read",
  params: paramsOf({ session_id: sessionId }, ["session_id"]),
  forKey: (_ports, params) => params,
  run: async (_ports, { session_id }) => ({ session_id }),
});

function sessionNotFound(id: string): GoclawError {
  return new GoclawError("SESSION_NOT_FOUND", `there is no session ${JSON.stringify(id)}`);
}

/** What a subscriber is sent. A run is one attempt of one task. */
export function toWireSessionEvent(event: SessionEvent) {
  return {
    event_id: event.seq,
    session_id: event.sessionId,
    trace_id: event.traceId,
    run_id: `${event.taskId}/${event.attempt}`,
    task_id: event.taskId,
    agent_id: event.agentId,
    type: event.type,
    state_from: event.from,
    state_to: event.to,
    attempt: event.attempt,
    reason_code: event.reasonCode,
    payload: event.payload,
    created_at: new Date(event.at).toISOString(),
  };
}
