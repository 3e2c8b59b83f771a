// A session that is followed by a slow reader: the log waits for it, what happens meanwhile is not lost and not doubled,
// and a live listener that is gone costs the bus nothing.

import { expect, test } from "vitest";
import { createBus } from "../../../src/bus/bus.ts";
import { createOutbox } from "../../../src/gateway/outbox.ts";
import { createSessionFollower } from "../../../src/rpc/follow-session.ts";
import type { Reader } from "../../../src/store/reader.ts";
import type { SessionEvent } from "../../../src/store/session-events.ts";

const event = (seq: number, sessionId = "s"): SessionEvent => ({
  ...{ seq, taskId: `t${seq % 3}`, sessionId, agentId: "a", type: "tool.end", from: null, to: null },
  ...{ attempt: 1, reasonCode: null, payload: {}, at: seq, traceId: "trace" },
});

function readerOf(log: readonly SessionEvent[]): Reader {
  return {
    get: <Row>() => ({ traceId: "trace" }) as Row,
    all: <Row>(_sql: string, params: Readonly<Record<string, unknown>> = {}) => {
      const { sessionId, after, limit } = params as { sessionId: string; after: number; limit: number };
      const rows = log.filter((row) => row.sessionId === sessionId && row.seq > after).slice(0, limit);
      return rows.map((row) => ({ ...row, payload: "{}" })) as Row[];
    },
  };
}

test("a log longer than the outbox reaches a slow reader whole, in order, once, with what came meanwhile", async () => {
  const log = Array.from({ length: 5_000 }, (_, index) => event(index + 1));
  const bus = createBus((error) => {
    throw error;
  });
  const gone: (() => void)[] = [];
  const closes: number[] = [];
  const wire = {
    bufferedAmount: 0,
    send: (_text: string, onGone: () => void) => void gone.push(onGone),
    close: (code: number) => void closes.push(code),
  };
  const outbox = createOutbox(wire, { maxEvents: 1_000, maxBytes: 1_048_576 }, () => {});
  const seen: number[] = [];
  let caughtUp = false;
  createSessionFollower(readerOf(log), bus).follow("s", 10, {
    pressure: outbox.pressure,
    onCaughtUp: () => {
      caughtUp = true;
    },
    onEvent: ({ seq }) => {
      seen.push(seq);
      outbox.send({ seq });
    },
  });
  expect(seen.length).toBeLessThan(1_000);
  const happen = (): void => {
    log.push(event(log.length + 1)); // committed, then published, while the log is still being read
    bus.publish(log.at(-1)!);
  };
  while (!caughtUp) {
    if (log.length < 5_050) happen();
    for (const leave of gone.splice(0)) leave();
    await Promise.resolve();
  }
  happen();
  // What was read from the log just before its publication arrives once more, and is known.
  bus.publish(log.at(-1)!);
  bus.publish(event(9_999, "another"));
  expect([closes, seen]).toEqual([[], log.slice(10).map(({ seq }) => seq)]);
});

test("one listener on the bus for all sessions, and none once nobody follows", () => {
  let listeners = 0;
  const bus = createBus(() => {});
  const counted = {
    ...bus,
    subscribe: (listener: Parameters<typeof bus.subscribe>[0]) => {
      listeners++;
      const leave = bus.subscribe(listener);
      return () => {
        listeners--;
        leave();
      };
    },
  };
  const follower = createSessionFollower(readerOf([]), counted);
  const seen: string[] = [];
  const follow = (name: string, session: string) =>
    follower.follow(session, 0, {
      pressure: () => undefined,
      onCaughtUp: () => {},
      onEvent: ({ seq }) => seen.push(`${name}${seq}`),
    });
  const stops = [follow("a", "s"), follow("b", "s"), follow("c", "other")];
  expect(listeners).toBe(1);
  bus.publish(event(1));
  stops[0]?.();
  bus.publish(event(2));
  bus.publish(event(3, "other"));
  expect(seen).toEqual(["a1", "b1", "b2", "c3"]);
  for (const stop of stops) stop();
  expect(listeners).toBe(0);
});
