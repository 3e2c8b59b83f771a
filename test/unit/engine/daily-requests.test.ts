// The count of requests a day, over the real writer under a clock of the test's own.

import { afterEach, beforeEach, expect, test } from "vitest";
import { countRequest, requestsToday } from "../../../src/engine/daily-requests.ts";
import { limitDaily } from "../../../src/providers/daily-limit.ts";
import type { ModelRequest, Part, Provider } from "../../../src/providers/provider.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { suspend } from "../../../src/queue/suspend.ts";
import { wakeDue } from "../../../src/queue/wake.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";

let writer: InlineWriter;
beforeEach(() => {
  writer = openInlineWriter();
});
afterEach(() => writer.close());

const take = (limit: number) => writer.call(countRequest, { provider: "p", limit });
const untilMidnight = (): number => 86_400_000 - (writer.clock.nowMs() % 86_400_000);

test("the last request is let through, the next one is not and does not count", () => {
  expect([take(2), take(2), take(2), take(2)].map(({ ok, used }) => [ok, used])).toEqual([
    [true, 1],
    [true, 2],
    [false, 2],
    [false, 2],
  ]);
  expect(take(2).resetsInMs).toBe(untilMidnight());
  expect(take(3)).toMatchObject({ ok: true, used: 3 });
  expect(requestsToday(writer.reader, "p", writer.clock.nowMs())).toBe(3);
  expect(requestsToday(writer.reader, "q", writer.clock.nowMs())).toBe(0);
});

test("a millisecond before midnight is still today; at 00:00 UTC everything is new, and the task that waits goes on", () => {
  take(1);
  writer.call(enqueue, enqueueInput("t1"));
  const [task] = writer.call(claim, claimInput());
  const deadlineAt = writer.clock.nowMs() + take(1).resetsInMs;
  const wait = { reason: "AWAITING_BUDGET", deadlineAt, message: "used up", wakes: true } as const;
  writer.call(suspend, { taskId: "t1", fence: task?.fence ?? 0, ...wait });
  writer.clock.pass(untilMidnight() - 1);
  expect(take(1)).toMatchObject({ ok: false, resetsInMs: 1 });
  expect(writer.call(wakeDue, { dueAt: writer.clock.nowMs() })).toEqual({ nextDueAt: deadlineAt });
  writer.clock.pass(1);
  writer.call(wakeDue, { dueAt: writer.clock.nowMs() });
  expect(writer.published.at(-1)).toMatchObject({ to: "QUEUED", reasonCode: "BUDGET_RETRY" });
  expect(take(1)).toMatchObject({ ok: true, used: 1, resetsInMs: 86_400_000 });
});

test("a provider without a request left is not asked, and says how long that lasts", async () => {
  let asked = 0;
  const provider: Provider = {
    id: "p",
    stream: async function* () {
      asked++;
      yield { type: "end", stopReason: "stop", model: "m" };
    },
  };
  const limited = limitDaily(provider, 1, async () => take(1));
  const request: ModelRequest = { model: "m", messages: [], tools: [], sampling: {} };
  const run = async (): Promise<Part[]> => {
    const parts: Part[] = [];
    for await (const part of limited.stream(request, new AbortController().signal)) parts.push(part);
    return parts;
  };
  expect((await run()).map(({ type }) => type)).toEqual(["end"]);
  expect(await run()).toMatchObject([{ type: "error", errorClass: "daily_limit", afterMs: untilMidnight() }]);
  expect(asked).toBe(1);
});
