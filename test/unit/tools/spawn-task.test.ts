// The act of making a child task, step by step: repeated it finds its child, and an end that comes at any moment reaches
// the parent.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Label } from "../../../src/domain/act.ts";
import type { Agent } from "../../../src/domain/agent.ts";
import type { ClaimedTask } from "../../../src/domain/task.ts";
import { finish } from "../../../src/engine/finish.ts";
import { loadTaint, settleEffect } from "../../../src/journal/effects.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { suspend } from "../../../src/queue/suspend.ts";
import { wakeDue } from "../../../src/queue/wake.ts";
import { findTaskById } from "../../../src/store/tasks.ts";
import { createChildTasks } from "../../../src/tools/child-tasks.ts";
import { intend } from "../../../src/tools/intend.ts";
import { type Hands, type Performed, perform } from "../../../src/tools/perform.ts";
import { spawnTask } from "../../../src/tools/spawn-task.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { auditOf, claimInput, effectOf, enqueueInput } from "../../support/inputs.ts";
import { guardOf, handsOf } from "../../support/policy.ts";
import { toolPorts } from "../../support/tool-context.ts";

const AGENT: Agent = {
  ...{ id: "default", displayName: "Default", provider: "p", model: "m", soul: "", tools: null, maxTurns: 3 },
  ...{ workerCount: null, maxQueueDepth: 0, taskTimeoutMs: 60_000, contextLimit: null },
  budget: { onLimit: "suspend" },
};

let writer: InlineWriter;
let hands: Hands;
let parent: ClaimedTask;
beforeEach(() => {
  writer = openInlineWriter();
  writer.call(enqueue, enqueueInput("p", { priority: 5 }));
  parent = claimNext();
  const store = storeOf(writer);
  const guard = guardOf("allow_capabilities: [tools.spawn_task]", ["tools.spawn_task"], store);
  let ids = 0;
  const childTasks = createChildTasks({
    ...{ store, agents: [AGENT], maxAttempts: 3 },
    newId: () => `child-${++ids}`,
  });
  const labelsOf = (id: string): Label[] => [...loadTaint(writer.reader, id).labels];
  const now = (): Date => new Date(writer.clock.nowMs());
  hands = handsOf(store, guard, [spawnTask], { now, ports: { ...toolPorts(), childTasks, labelsOf } });
});
afterEach(() => writer.close());

const claimNext = (): ClaimedTask => writer.call(claim, claimInput())[0] as ClaimedTask;
const call = (args: object): Promise<Performed> => {
  const whole = { id: "c", name: "spawn_task", argumentsText: JSON.stringify({ prompt: "do it", ...args }) };
  return perform(hands, parent, whole, { turn: 0, callIndex: 0 }, new AbortController().signal);
};
const children = (): string[] =>
  writer.reader.all<{ id: string }>("SELECT id FROM tasks WHERE parent_id = 'p'").map(({ id }) => id);
const stateOf = (id: string): string | undefined => findTaskById(writer.reader, id)?.state;

/** As the engine settles a wait. */
function pause(performed: Performed): void {
  if (performed.type !== "wait" || performed.childId === undefined)
    throw new Error(JSON.stringify(performed));
  const { childId, deadlineAt, message } = performed;
  const fence = { taskId: "p", fence: parent.fence };
  writer.call(suspend, { ...fence, reason: "AWAITING_CHILD", deadlineAt, message, wakes: true, childId });
}

function answerChild(text: string): void {
  const child = claimNext();
  expect(child.id).not.toBe("p");
  writer.call(finish, { taskId: child.id, fence: child.fence, result: { text }, lastAnswer: null });
}

test("a crash between the act and its outcome makes no second child", async () => {
  expect(await call({})).toMatchObject({ type: "result", text: expect.stringContaining("child-1") });
  writer.db.exec("UPDATE effects SET status = 'PENDING', outcome = NULL");
  expect(await call({})).toMatchObject({ type: "result", text: expect.stringContaining("child-1") });
  expect(children()).toEqual(["child-1"]);
});

test("a child that ended before its parent was put to wait wakes it at once", async () => {
  const waits = await call({ wait: true });
  answerChild("42");
  pause(waits);
  expect(stateOf("p")).toBe("QUEUED");
  parent = claimNext();
  expect(await call({ wait: true })).toEqual({
    type: "result",
    text: "[child task child-1 of agent default answered]\n42",
  });
  expect(writer.reader.all("SELECT 1 FROM audit WHERE decision = 'allow'")).toHaveLength(1);
});

test("the end of another child does not wake a parent", async () => {
  expect(await call({})).toMatchObject({ type: "result" });
  const waits = { ...{ id: "d", name: "spawn_task" }, argumentsText: '{"prompt":"two","wait":true}' };
  pause(await perform(hands, parent, waits, { turn: 0, callIndex: 1 }, new AbortController().signal));
  answerChild("of the first");
  expect([stateOf("child-1"), stateOf("p")]).toEqual(["SUCCEEDED", "RETRY_WAIT"]);
  answerChild("of the second");
  expect([stateOf(children()[1]!), stateOf("p")]).toEqual(["SUCCEEDED", "QUEUED"]);
});

test("a child that does not end in a day is waited for no longer, and goes on", async () => {
  pause(await call({ wait: true }));
  writer.clock.pass(24 * 3_600_000);
  writer.call(wakeDue, { dueAt: writer.clock.nowMs() });
  expect(findTaskById(writer.reader, "p")).toMatchObject({
    state: "QUEUED",
    reasonCode: "CHILD_LATE",
    attempt: 0,
  });
  const child = claimNext();
  parent = child.id === "p" ? child : claimNext();
  expect(await call({ wait: true })).toMatchObject({
    text: expect.stringMatching(/^CHILD_LATE: .*24 hours/),
  });
  expect(stateOf("child-1")).not.toBe("CANCELED");
});

test("a task holds what its ancestors hold, and not what its children do", () => {
  const hold = (taskId: string, fence: number, labels: string): void => {
    const effect = effectOf(taskId, { effectClass: "pure" });
    writer.call(intend, { taskId, fence, effect, audit: auditOf(taskId), approval: null });
    const settled = {
      key: effect.key,
      tool: "t",
      turn: 0,
      callIndex: 0,
      status: "DONE" as const,
      outcome: "x",
    };
    writer.call(settleEffect, { taskId, fence, ...settled, labels, source: "" });
  };
  hold("p", parent.fence, "private");
  writer.call(enqueue, enqueueInput("c", { parentId: "p" }));
  const child = claimNext();
  hold("c", child.fence, "untrusted");
  writer.call(enqueue, enqueueInput("g", { parentId: "c" }));
  expect(loadTaint(writer.reader, "g").labels).toEqual(["private", "untrusted"]);
  expect(loadTaint(writer.reader, "c").labels).toEqual(["private", "untrusted"]);
  expect(loadTaint(writer.reader, "p").labels).toEqual(["private"]);
});
