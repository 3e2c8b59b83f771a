// A reader that is slower than the log is waited for: everything comes, in order, once, also what happens meanwhile.

import { expect, test } from "vitest";
import { createBus } from "../../../src/bus/bus.ts";
import type { DurableEvent } from "../../../src/domain/event.ts";
import { createFollower } from "../../../src/rpc/follow.ts";
import type { Reader } from "../../../src/store/reader.ts";

const event = (seq: number): DurableEvent => ({
  ...{ seq, taskId: "t", sessionId: "s", agentId: "a", type: "tool.end", from: null, to: null },
  ...{ attempt: 1, reasonCode: null, payload: {}, at: seq },
});

test("a log longer than any buffer is delivered as the reader keeps up, and live events follow it", async () => {
  const log = Array.from({ length: 3_000 }, (_, index) => event(index + 1));
  const reader: Reader = {
    get: () => undefined,
    all: <Row>(_sql: string, params: Readonly<Record<string, unknown>> = {}) => {
      const { after, limit } = params as { after: number; limit: number };
      return log
        .filter(({ seq }) => seq > after)
        .slice(0, limit)
        .map((row) => ({ ...row, payload: "{}" })) as Row[];
    },
  };
  const bus = createBus(() => {});
  const seen: number[] = [];
  let unread = 0;
  let drain: () => void = () => {};
  let caughtUp = false;
  createFollower(reader, bus).follow("t", 0, {
    onDelta: () => {},
    onEvent: ({ seq }) => {
      seen.push(seq);
      unread++;
    },
    pressure: () => {
      if (unread < 100) return undefined;
      return new Promise((resolve) => {
        drain = resolve;
      });
    },
    onCaughtUp: () => {
      caughtUp = true;
    },
  });
  expect(seen).toHaveLength(100);
  while (!caughtUp) {
    if (log.length < 3_010) {
      log.push(event(log.length + 1)); // committed, then published, while the log is still being read
      bus.publish(log.at(-1)!);
    }
    unread = 0;
    drain();
    await Promise.resolve();
    await Promise.resolve();
  }
  log.push(event(log.length + 1));
  bus.publish(log.at(-1)!);
  expect(seen).toEqual(log.map(({ seq }) => seq));
});
