// One connection: who is at the other end, what is sent to them, and how it is ended. A peer that has ended is sent
// nothing more, whatever still works for it.

import type { WebSocket } from "ws";
import { type Code, GoclawError } from "../domain/error.ts";
import { coversAgent } from "../domain/key.ts";
import type { Authenticated } from "./auth.ts";
import type { Guest } from "./guests.ts";
import { createOutbox, type Outbox, type OutboxLimits } from "./outbox.ts";

export interface Peer {
  readonly socket: WebSocket;
  readonly outbox: Outbox;
  /** True from system.hello on. */
  greeted: boolean;
  /** True after a sign of life, until the next ping. */
  isAlive: boolean;
  /** Pings and frames that were no requests, since the last look. */
  noise: number;
  /** Answers that are streamed now. */
  streams: number;
  /** The followed sessions, each with its stop. */
  readonly sessions: Map<string, () => void>;
  /** Aborted when the connection is over. */
  readonly closed: AbortSignal;
  /** Who it is now; throws when the credential is no longer good. */
  identify(): Authenticated;
  /** Ends the connection for something the client did. */
  expel(code: Code): void;
  /** Ends the connection because the daemon does. */
  leave(): void;
  /** As a response to the holder of a key, which ends when the key is revoked. */
  readonly guest: Guest;
}

/** RFC 6455, and how long the other side has to say that it has heard. */
const POLICY_VIOLATION = { code: 1008, patienceMs: 1_000 };
const GOING_AWAY = { code: 1001, patienceMs: 200 };

export function createPeer(socket: WebSocket, identify: () => Authenticated, limits: OutboxLimits): Peer {
  const over = new AbortController();
  const sessions = new Map<string, () => void>();
  const stopAll = (): void => {
    for (const stop of sessions.values()) stop();
    sessions.clear();
    over.abort();
  };
  const outbox = createOutbox(socket, limits, stopAll);
  const end = ({ code, patienceMs }: { code: number; patienceMs: number }, reason: string): void => {
    if (over.signal.aborted) return;
    outbox.end();
    stopAll();
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), patienceMs).unref();
  };
  const expel = (code: Code): void => end(POLICY_VIOLATION, code);
  socket.on("close", () => {
    stopAll();
    outbox.end();
  });
  return {
    ...{ socket, outbox, sessions, identify, closed: over.signal },
    ...{ greeted: false, isAlive: true, noise: 0, streams: 0 },
    expel,
    leave: () => end(GOING_AWAY, "SHUTTING_DOWN"),
    guest: {
      once: (event, listener) => void socket.once(event, listener),
      destroy: () => expel("AUTH_INVALID"),
    },
  };
}

/** Who the peer is, if its credential is still good; one that is not ends the connection. */
export function identified(peer: Peer): Authenticated {
  try {
    return peer.identify();
  } catch (error) {
    peer.expel(error instanceof GoclawError ? error.code : "INTERNAL");
    throw error;
  }
}

/** Whether what happens to an agent is this peer's business. */
export function concerns(who: Authenticated, agentId: string): boolean {
  return who.key === undefined || coversAgent(who.key, agentId);
}
