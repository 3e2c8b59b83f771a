// What people are shown of an event: no event is an empty line, and one of a newer daemon has its name at least.

import { expect, test } from "vitest";
import { eventText } from "../../../src/cli/event-text.ts";
import { DURABLE_EVENTS } from "../../../src/domain/event.ts";
import type { WireEvent } from "../../../src/rpc/wire.ts";

const text = (type: string, payload: object = {}, more: object = {}): string =>
  eventText({
    ...{ seq: 1, task_id: "t", session_id: "s", attempt: 1, at: "2026-01-31T09:00:00.000Z" },
    ...{ type, payload, ...more },
  } as WireEvent);

test.each(Object.keys(DURABLE_EVENTS))("%s says something", (type) => {
  expect(text(type)).toMatch(/[a-z]/);
});

test("an event that this goclaw does not know is shown by its name and its reason", () => {
  expect(text("task.danced")).toBe("task.danced");
  expect(text("task.danced", {}, { reason_code: "MUSIC" })).toBe("task.danced: MUSIC (MUSIC)");
});

test("a call that is reserved says who is asked, and whom no budget lets it ask", () => {
  const payload = { turn: 0, provider: "openai", model: "m", reserved_usd: 0.1, reserved_tokens: 10 };
  expect(text("model.start", payload)).toBe("asks openai/m");
  expect(text("model.start", { ...payload, passed_over: ["a/b", "c/d"] })).toBe(
    "asks openai/m; the budgets of a/b, c/d are used up",
  );
});

test("a call that brought nothing says what it was and what it cost", () => {
  const payload = { turn: 1, provider: "p", model: "m", error_class: "network" };
  expect(text("model.billed", { ...payload, input_tokens: 5, output_tokens: 2 })).toBe(
    "p/m brought nothing usable (network) and is billed, 5 tokens in and 2 out",
  );
  expect(text("model.billed", payload)).toBe("p/m brought nothing usable (network) and may be billed");
});

test("a compaction says how much became a summary", () => {
  const payload = { turn: 0, provider: "p", model: "m", messages: 12, input_tokens: 90, output_tokens: 9 };
  expect(text("context.compacted", payload)).toBe(
    "12 older messages became a summary by p/m, 90 tokens in and 9 out",
  );
  expect(text("context.compacted", { provider: "p", model: "m", messages: 1 })).toBe(
    "1 older message became a summary by p/m",
  );
});

test("a seam says whether another goes on or the same is asked again", () => {
  const seam = (to: string) => text("model.seam", { from: "p/m", to, message: "it broke off" });
  expect([seam("q/n"), seam("p/m")]).toEqual([
    "q/n goes on for p/m: it broke off",
    "p/m is asked once more: it broke off",
  ]);
});
