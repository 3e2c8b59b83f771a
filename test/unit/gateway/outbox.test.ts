// What is on its way to one connection never grows past its limits, and the one who is told so is told last.

import { expect, test } from "vitest";
import { createOutbox } from "../../../src/gateway/outbox.ts";

/** A wire whose other end reads when it is told to. */
function createWire(bytesEach: number) {
  const sent: string[] = [];
  const gone: (() => void)[] = [];
  const closes: number[] = [];
  return {
    sent,
    closes,
    read: (count: number) => {
      for (const leave of gone.splice(0, count)) leave();
    },
    get bufferedAmount() {
      return gone.length * bytesEach;
    },
    send: (text: string, onGone: () => void) => {
      sent.push(text);
      gone.push(onGone);
    },
    close: (code: number) => closes.push(code),
  };
}

const LIMITS = { maxEvents: 8, maxBytes: 1_000 };
const methodOf = (text: string | undefined) => (JSON.parse(text ?? "{}") as { method?: string }).method;

test.each([
  ["messages", 1, 8],
  ["bytes", 400, 3],
])("too many %s: backpressure, 1013, and nothing after it", (_what, bytesEach, taken) => {
  const wire = createWire(bytesEach);
  let cuts = 0;
  const outbox = createOutbox(wire, LIMITS, () => cuts++);
  for (let index = 0; index < 20; index++) outbox.send({ index });
  expect(wire.sent).toHaveLength(taken + 1);
  expect(methodOf(wire.sent.at(-1))).toBe("system.backpressure");
  expect([wire.closes, cuts]).toEqual([[1013], 1]);
});

test("a reader that keeps up gets any number, and one large message is not held against it", () => {
  const wire = createWire(5_000);
  const outbox = createOutbox(wire, LIMITS, () => {});
  for (let index = 0; index < 100; index++) {
    outbox.send({ index });
    wire.read(1);
  }
  expect([wire.sent.length, wire.closes]).toEqual([100, []]);
});

test("those who can wait do, until everything has left or the connection is over", async () => {
  const wire = createWire(1);
  const outbox = createOutbox(wire, LIMITS, () => {});
  outbox.send({});
  outbox.send({});
  expect(outbox.pressure()).toBeUndefined();
  outbox.send({});
  let resumed = 0;
  const waits = [1, 2].map(() => outbox.pressure()?.then(() => resumed++));
  wire.read(2);
  await Promise.resolve();
  expect(resumed).toBe(0);
  wire.read(1);
  await Promise.all(waits);
  expect(resumed).toBe(2);
  for (let index = 0; index < 4; index++) outbox.send({});
  const last = outbox.pressure();
  expect(last).toBeDefined();
  outbox.end();
  await last;
  const before = wire.sent.length;
  outbox.send({});
  expect(wire.sent).toHaveLength(before);
});
