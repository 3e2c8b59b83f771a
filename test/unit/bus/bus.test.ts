// The bus keeps its listeners apart from each other and from the publisher.

import { expect, test } from "vitest";
import { createBus } from "../../../src/bus/bus.ts";
import type { GoclawEvent } from "../../../src/domain/event.ts";

const delta = (taskId: string, text = "x"): GoclawEvent => {
  return { type: "text.delta", taskId, sessionId: "s", turn: 0, offset: 0, text };
};

function openBus() {
  const errors: unknown[] = [];
  return { bus: createBus((error) => errors.push(error)), errors };
}

const textsOf = (events: readonly GoclawEvent[]) =>
  events.map((event) => (event.type === "text.delta" ? event.text : ""));

test("a listener that throws disturbs neither the others nor the publisher", () => {
  const { bus, errors } = openBus();
  const [before, after, own]: GoclawEvent[][] = [[], [], []];
  bus.subscribe((event) => before!.push(event));
  bus.subscribe(() => {
    throw new Error("mine");
  });
  bus.subscribe((event) => after!.push(event));
  bus.subscribeTask("t", () => {
    throw new Error("mine too");
  });
  bus.subscribeTask("t", (event) => own!.push(event));
  bus.publish(delta("t"));
  bus.publish(delta("other"));
  expect([before!.length, after!.length, own!.length]).toEqual([2, 2, 1]);
  expect(errors.map(String)).toEqual(["Error: mine", "Error: mine too", "Error: mine"]);
});

test("a task's listeners get that task's events in order, and nothing after they left", () => {
  const { bus } = openBus();
  const got: GoclawEvent[] = [];
  const stop = bus.subscribeTask("t", (event) => got.push(event));
  for (const text of ["a", "b"]) bus.publish(delta("t", text));
  bus.publish(delta("u", "not mine"));
  stop();
  stop();
  bus.publish(delta("t", "late"));
  expect(textsOf(got)).toEqual(["a", "b"]);
});

test("a listener may leave, and others may come, while an event is delivered", () => {
  const { bus, errors } = openBus();
  const got: string[] = [];
  const stop = bus.subscribeTask("t", () => {
    stop();
    got.push("first");
    bus.subscribeTask("t", () => got.push("newcomer"));
  });
  bus.subscribeTask("t", () => got.push("second"));
  bus.publish(delta("t"));
  expect(got.slice(0, 2)).toEqual(["first", "second"]);
  bus.publish(delta("t"));
  expect(got.filter((name) => name === "first")).toHaveLength(1);
  expect(got.filter((name) => name === "second")).toHaveLength(2);
  expect(errors).toEqual([]);
});

test("what a listener publishes while it listens arrives too", () => {
  const { bus } = openBus();
  const got: GoclawEvent[] = [];
  bus.subscribeTask("t", () => bus.publish(delta("u", "answer")));
  bus.subscribeTask("u", (event) => got.push(event));
  bus.publish(delta("t"));
  expect(textsOf(got)).toEqual(["answer"]);
});

test("somebody listens to a task from the first listener to the last", () => {
  const { bus } = openBus();
  expect(bus.hasTaskListener("t")).toBe(false);
  const stops = [bus.subscribeTask("t", () => {}), bus.subscribeTask("t", () => {})];
  expect([bus.hasTaskListener("t"), bus.hasTaskListener("u")]).toEqual([true, false]);
  stops[0]!();
  expect(bus.hasTaskListener("t")).toBe(true);
  stops[1]!();
  expect(bus.hasTaskListener("t")).toBe(false);
  const again = bus.subscribeTask("t", () => {});
  stops[0]!();
  expect(bus.hasTaskListener("t")).toBe(true);
  again();
});
