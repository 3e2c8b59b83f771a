// A task about which nothing is heard for a while: somebody at a terminal is told what it does, and not in the middle of
// an answer or a question.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTextView } from "../../../src/cli/run-view.ts";
import type { WireEvent } from "../../../src/rpc/wire.ts";
import { fakeContext, keep, wireEvent, wireTask } from "./stand-in.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watched() {
  const context = fakeContext({ stderr: keep({ isTerminal: true }) });
  const view = createTextView(context, {});
  const said = (): string[] => context.stderr.text().split("\n").slice(0, -1);
  const tell = (type: string, payload: WireEvent["payload"] = {}): void =>
    view.onEvent({ ...wireEvent(1), type, payload } as WireEvent);
  return { context, view, said, tell };
}

test.each([
  ["task.enqueued", {}, "still waits for a lane"],
  ["task.running", {}, "still waits for the model's answer"],
  ["model.start", { provider: "local", model: "m" }, "still waits for local/m"],
  ["tool.start", { tool: "exec", class: "once" }, "exec still runs"],
  ["tool.end", { tool: "exec", status: "DONE" }, "still waits for the model's answer"],
])("after %s it says what goes on, ever more rarely", (type, payload, words) => {
  const { said, tell } = watched();
  tell(type, payload);
  vi.advanceTimersByTime(4_900);
  expect(said()).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(said().at(-1)).toBe(`· ${words}, 5 s`);
  vi.advanceTimersByTime(4 * 60_000);
  expect(said().slice(2)).toEqual(
    ["10 s", "20 s", "40 s", "1 min 20 s", "2 min 40 s"].map((after) => `· ${words}, ${after}`),
  );
});

test.each(["task.retry_wait", "approval.required", "task.succeeded"])(
  "nothing follows %s by itself",
  (type) => {
    const { said, tell } = watched();
    tell("task.running");
    tell(type);
    vi.advanceTimersByTime(60_000);
    expect(said()).toHaveLength(2);
  },
);

test("an answer that comes is not interrupted, and the end is the end", async () => {
  const { view, said, tell } = watched();
  tell("task.running");
  view.onPiece({ turn: 0, offset: 0, text: "half an" });
  vi.advanceTimersByTime(60_000);
  expect(said()).toHaveLength(1);
  tell("tool.end");
  await view.end(wireTask({ result: { text: "half an answer" } }));
  const before = said().length;
  vi.advanceTimersByTime(60_000);
  expect(said()).toHaveLength(before);
});

test("nothing is said where nobody looks", () => {
  const context = fakeContext();
  createTextView(context, {}).onEvent({ ...wireEvent(1), type: "task.running" } as WireEvent);
  vi.advanceTimersByTime(60_000);
  expect(context.stderr.text()).toBe("");
  expect(vi.getTimerCount()).toBe(0);
});
