// What is on its way to one connection, counted and bounded: a client that does not read is told so and closed, and
// nothing that is sent to others waits for it.

import { notificationOf } from "./json-rpc.ts";

/** The part of a WebSocket that an outbox needs. */
export interface Wire {
  readonly bufferedAmount: number;
  send(text: string, onGone: () => void): void;
  close(code: number, reason: string): void;
}

export interface OutboxLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

export interface Outbox {
  send(message: object): void;
  /** A promise of the moment at which everything sent has left; undefined while the client keeps up. */
  pressure(): Promise<void> | undefined;
  /** The connection is over: nobody waits any more. */
  end(): void;
}

/** Part of the limits from which on the one who can wait does. */
const EASE = 4;

/** RFC 6455: try again later. */
const TRY_AGAIN_LATER = 1013;

export function createOutbox(wire: Wire, { maxEvents, maxBytes }: OutboxLimits, onCut: () => void): Outbox {
  let pending = 0;
  let isOver = false;
  let waiters: (() => void)[] = [];
  const release = (): void => {
    const resume = waiters;
    waiters = [];
    for (const go of resume) go();
  };
  const write = (message: object): void => {
    pending++;
    wire.send(JSON.stringify(message), () => {
      pending--;
      if (pending === 0) release();
    });
  };
  const cut = (): void => {
    isOver = true;
    const backlog = { pending_events: pending, pending_bytes: wire.bufferedAmount };
    const limits = { max_events: maxEvents, max_bytes: maxBytes };
    write(
      notificationOf("system.backpressure", { reason: "the client reads too slowly", ...backlog, ...limits }),
    );
    wire.close(TRY_AGAIN_LATER, "backpressure: read faster, then resume with session.events.subscribe");
    onCut();
  };
  return {
    send: (message) => {
      if (isOver) return;
      // One message may be large; what counts is what the client has not taken of those before it.
      if (pending >= maxEvents || wire.bufferedAmount > maxBytes) cut();
      else write(message);
    },
    pressure: () => {
      const isEasy = pending <= maxEvents / EASE && wire.bufferedAmount <= maxBytes / EASE;
      return isOver || isEasy ? undefined : new Promise((resolve) => waiters.push(resolve));
    },
    end: () => {
      isOver = true;
      release();
    },
  };
}
