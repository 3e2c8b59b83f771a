// What a response's headers say about who answers: nothing before it is known, and never anything a header cannot hold.

import { validateHeaderValue } from "node:http";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { DurableEvent, DurableEventType } from "../../../src/domain/event.ts";
import { createAnswerer } from "../../../src/gateway/route-headers.ts";

const agent = { provider: "p", model: "m", rule: "agent:a" };
const event = (type: DurableEventType, payload: Record<string, unknown>): DurableEvent => ({
  ...{ seq: 1, taskId: "t", sessionId: "s", agentId: "a", type, from: null, to: null, attempt: 1 },
  ...{ reasonCode: null, payload, at: 0 },
});
const chosen = { provider: "q", model: "n", layer: "static", rule: "r" };

test("a routed task is pending until it is decided; a seam and the end say who went on", () => {
  const answerer = createAnswerer("t", null);
  expect(answerer.headers()).toEqual({ "x-goclaw-task": "t", "x-goclaw-layer": "pending" });
  answerer.observe(event("route.decided", chosen));
  expect(answerer.headers()).toMatchObject({ "x-goclaw-provider": "q", "x-goclaw-rule": "r" });
  answerer.observe(event("model.seam", { to: "z/vendor/k" }));
  expect(answerer.headers()).toMatchObject({ "x-goclaw-provider": "z", "x-goclaw-model": "vendor/k" });
  // The same provider under a dated name is no news; another one is.
  answerer.observe(event("model.end", { provider: "z", model: "vendor/k-2026" }));
  expect(answerer.headers()).toMatchObject({ "x-goclaw-model": "vendor/k" });
  answerer.observe(event("model.end", { provider: "y", model: "o" }));
  expect(answerer.headers()).toMatchObject({ "x-goclaw-provider": "y", "x-goclaw-model": "o" });
});

const anything = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 })
  .map((units) => String.fromCharCode(...units));

test("whatever models and rules are called, the headers can be sent", () => {
  fc.assert(
    fc.property(anything, anything, (model, rule) => {
      const answerer = createAnswerer("t", { ...agent, model });
      const first = answerer.headers();
      answerer.observe(event("route.decided", { ...chosen, model, rule }));
      for (const [name, value] of Object.entries({ ...first, ...answerer.headers() }))
        expect(() => validateHeaderValue(name, value)).not.toThrow();
    }),
  );
  const { "x-goclaw-model": sent } = createAnswerer("t", {
    ...agent,
    model: "a\r\nX-Evil: 1é",
  }).headers();
  expect(sent).toBe("a??X-Evil: 1?");
});
