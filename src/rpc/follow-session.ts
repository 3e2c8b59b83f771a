// Follows one session: its events from a cursor in the order in which they were committed, then live ones, without gap
// or repetition at the seam. However many sessions are followed, the bus has one listener for them.

import type { Bus, Unsubscribe } from "../bus/bus.ts";
import { isDurable } from "../domain/event.ts";
import type { Reader } from "../store/reader.ts";
import { type SessionEvent, sessionEvents, traceOfTask } from "../store/session-events.ts";

export interface FollowedSession {
  onEvent(event: SessionEvent): void;
  /** A promise while the reader is behind: what is in the log waits for it instead of filling memory. */
  pressure(): Promise<void> | undefined;
  /** Everything that was in the log has been delivered; from here on events come as they happen. */
  onCaughtUp(): void;
}

export interface SessionFollower {
  /** Delivers what comes after `after`, then live events until `stop`. Returns stop. */
  follow(sessionId: string, after: number, followed: FollowedSession): () => void;
}

type Listener = (event: SessionEvent) => void;

const PAGE = 500;

export function createSessionFollower(reader: Reader, bus: Bus): SessionFollower {
  const subscribe = createRouter(reader, bus);
  return {
    follow: (sessionId, after, followed) => {
      let last = after;
      let isCaughtUp = false;
      let isStopped = false;
      const deliver = (event: SessionEvent): void => {
        if (event.seq <= last || isStopped) return;
        last = event.seq;
        followed.onEvent(event);
      };
      // The last page and the change to live events happen in one turn of the event loop: nothing falls between them.
      const unsubscribe = subscribe(sessionId, (event) => {
        if (isCaughtUp) deliver(event);
      });
      const catchUp = (): void => {
        for (;;) {
          const page = sessionEvents(reader, sessionId, last, PAGE);
          for (const event of page) {
            if (isStopped) return;
            deliver(event);
            const pressure = followed.pressure();
            if (pressure !== undefined) return void pressure.then(catchUp);
          }
          if (page.length < PAGE) break;
        }
        if (isStopped) return;
        isCaughtUp = true;
        followed.onCaughtUp();
      };
      catchUp();
      return () => {
        isStopped = true;
        unsubscribe();
      };
    },
  };
}

/** Hands each event to those who follow its session. */
function createRouter(reader: Reader, bus: Bus) {
  const bySession = new Map<string, Set<Listener>>();
  let leaveBus: Unsubscribe | undefined;
  return (sessionId: string, listener: Listener): Unsubscribe => {
    const listeners = bySession.get(sessionId) ?? new Set();
    bySession.set(sessionId, listeners.add(listener));
    leaveBus ??= bus.subscribe((event) => {
      const heard = "sessionId" in event && isDurable(event) ? bySession.get(event.sessionId) : undefined;
      if (heard === undefined || !isDurable(event)) return;
      const traced = { ...event, traceId: traceOfTask(reader, event.taskId) };
      for (const hear of [...heard]) hear(traced);
    });
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && bySession.get(sessionId) === listeners) bySession.delete(sessionId);
      if (bySession.size > 0) return;
      leaveBus?.();
      leaveBus = undefined;
    };
  };
}
