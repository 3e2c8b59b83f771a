// Intake: all of it or nothing, once a key, and never more than the limit.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { GoclawError } from "../../../src/domain/error.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { findTaskById } from "../../../src/store/tasks.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
beforeEach(() => writer.clear());
afterAll(() => writer.close());

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return "ok";
  } catch (error) {
    return error instanceof GoclawError ? error.code : String(error);
  }
};
const rows = (table: string): number =>
  writer.reader.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)!.n;
const everything = () => ["sessions", "messages", "tasks", "task_events", "idempotency"].map(rows);

test(
  verifies("PER-004", "one submission is a session, a message, a task, an event and a key together"),
  () => {
    const history = [
      { role: "system", text: "be brief" },
      { role: "user", text: "hi" },
      { role: "assistant", text: "hello" },
    ] as const;
    writer.call(enqueue, enqueueInput("t1", { history, idempotency: { key: "k", digest: "d" } }));
    expect(everything()).toEqual([1, 4, 1, 1, 1]);
    expect(findTaskById(writer.reader, "t1")).toMatchObject({
      state: "QUEUED",
      attempt: 0,
      prompt: "prompt of t1",
    });
    const messages = writer.reader.all<{ role: string; content: string }>(
      "SELECT role, content FROM messages ORDER BY anchor, part",
    );
    expect(messages.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "system: be brief",
      "user: hi",
      "assistant: hello",
      "user: prompt of t1",
    ]);
  },
);

test("messages of one session keep the order of its submissions", () => {
  for (const id of ["t1", "t2", "t3"]) writer.call(enqueue, enqueueInput(id, { sessionId: "s" }));
  const contents = writer.reader.all<{ content: string }>(
    "SELECT content FROM messages ORDER BY anchor, part",
  );
  expect(contents.map(({ content }) => content)).toEqual(["prompt of t1", "prompt of t2", "prompt of t3"]);
});

test(
  verifies("QUE-006", "the same key and body is the same task; another body is refused; nothing is written"),
  () => {
    const first = writer.call(enqueue, enqueueInput("t1", { idempotency: { key: "k", digest: "d" } }));
    const before = everything();
    const again = writer.call(enqueue, enqueueInput("t2", { idempotency: { key: "k", digest: "d" } }));
    expect([first.existing, again]).toEqual([false, { ...first, existing: true }]);
    const other = enqueueInput("t3", { idempotency: { key: "k", digest: "other" } });
    expect(codeOf(() => writer.call(enqueue, other))).toBe("IDEMPOTENCY_CONFLICT");
    expect(everything()).toEqual(before);
  },
);

test(verifies("QUE-006", "a key is kept for a day, and after the task has ended"), () => {
  const idempotency = { key: "k", digest: "d" };
  writer.call(enqueue, enqueueInput("t1", { idempotency }));
  writer.clock.pass(24 * 3_600_000);
  writer.reboot();
  expect(writer.call(enqueue, enqueueInput("t2", { idempotency })).taskId).toBe("t1");
});

test(
  verifies(
    "QUE-008",
    "the queue is full at its limit, an agent at a time, and has room when a lane takes one",
  ),
  () => {
    const submit = (id: string, agentId = "default"): string =>
      codeOf(() => writer.call(enqueue, enqueueInput(id, { agentId, maxQueueDepth: 2 })));
    expect([submit("a"), submit("b"), submit("c"), submit("d", "other")]).toEqual([
      "ok",
      "ok",
      "QUEUE_FULL",
      "ok",
    ]);
    expect(rows("tasks")).toBe(3);
    writer.call(claim, claimInput({ agentSlots: { other: 0 } }));
    expect([submit("e"), submit("f")]).toEqual(["ok", "QUEUE_FULL"]);
    writer.reboot();
    expect(submit("g")).toBe("QUEUE_FULL");
  },
);

test(verifies("QUE-008", "submissions in one commit are counted one by one"), () => {
  const calls = ["a", "b", "c", "d"].map((id) => ({
    verb: enqueue.name,
    input: enqueueInput(id, { maxQueueDepth: 2 }),
  }));
  const results = writer.batch(calls);
  expect(results.map(({ ok }) => ok)).toEqual([true, true, false, false]);
  expect(results[3]).toMatchObject({ code: "QUEUE_FULL", retryAfterSeconds: 1 });
  expect(rows("tasks")).toBe(2);
});

test("an earlier submission is found even when the queue is full now", () => {
  const idempotency = { key: "k", digest: "d" };
  writer.call(enqueue, enqueueInput("t1", { idempotency, maxQueueDepth: 1 }));
  expect(writer.call(enqueue, enqueueInput("t2", { idempotency, maxQueueDepth: 1 })).existing).toBe(true);
});
