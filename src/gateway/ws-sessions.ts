// `session.events.subscribe|unsubscribe` on a connection: what the log has, then what happens, each event once and in the
// order in which it was committed.

import { GoclawError } from "../domain/error.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { SessionFollower } from "../rpc/follow-session.ts";
import { may } from "../rpc/key-scope.ts";
import type { Caller } from "../rpc/method.ts";
import { subscribeSession, toWireSessionEvent, unsubscribeSession } from "../rpc/methods/session-events.ts";
import { notificationOf } from "./json-rpc.ts";
import { concerns, type Peer } from "./peer.ts";

const SUBSCRIPTIONS_MAX = 64;

/** Answers once everything that was in the log has been sent. A second subscription takes the place of the first. */
export async function subscribe(
  rpc: Rpc,
  follower: SessionFollower,
  peer: Peer,
  params: unknown,
  caller: Caller,
): Promise<object> {
  const { session_id, after } = await rpc.call(subscribeSession, params, caller);
  if (peer.closed.aborted) return {};
  drop(peer, session_id);
  if (peer.sessions.size >= SUBSCRIPTIONS_MAX)
    throw new GoclawError("LIMIT_RATE", `a connection may follow ${SUBSCRIPTIONS_MAX} sessions at once`);
  let replayed = 0;
  let latest = after;
  const caughtUp = Promise.withResolvers<void>();
  const stop = follower.follow(session_id, after, {
    pressure: peer.outbox.pressure,
    onCaughtUp: caughtUp.resolve,
    onEvent: (event) => {
      // The policy, and whom the session belongs to, may have changed since it was asked for.
      if (!concerns(caller, event.agentId) || !may(rpc.ports, caller, "acp.read")) return;
      replayed++;
      latest = event.seq;
      peer.outbox.send(notificationOf("session.event", toWireSessionEvent(event)));
    },
  });
  if (peer.closed.aborted) stop();
  else {
    peer.sessions.set(session_id, () => {
      stop();
      caughtUp.resolve();
    });
  }
  if (!peer.closed.aborted) await caughtUp.promise;
  return { subscribed: true, session_id, replayed, latest_event_id: latest };
}

export async function unsubscribe(rpc: Rpc, peer: Peer, params: unknown, caller: Caller): Promise<object> {
  const { session_id } = await rpc.call(unsubscribeSession, params, caller);
  return { subscribed: false, session_id, was_subscribed: drop(peer, session_id) };
}

function drop({ sessions }: Peer, sessionId: string): boolean {
  sessions.get(sessionId)?.();
  return sessions.delete(sessionId);
}
