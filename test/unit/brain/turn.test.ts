// The turn loop: what the journal has is never asked for or done again, and every way in which a call can end is an
// outcome.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { outcomeOf } from "../../../src/brain/outcome.ts";
import { runTurns } from "../../../src/brain/turn.ts";
import type { Agent } from "../../../src/domain/agent.ts";
import { CODES } from "../../../src/domain/error.ts";
import type { ClaimedTask, Outcome } from "../../../src/domain/task.ts";
import { finish } from "../../../src/engine/finish.ts";
import { createCatalog } from "../../../src/providers/catalog.ts";
import { ERROR_CLASSES, failure, type ModelRequest, type Part } from "../../../src/providers/provider.ts";
import { cancel } from "../../../src/queue/cancel.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { requeue } from "../../../src/queue/requeue.ts";
import type { Tool } from "../../../src/tools/tool.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput, UNLIMITED } from "../../support/inputs.ts";
import { guardOf, handsOf } from "../../support/policy.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
let task: ClaimedTask;
beforeEach(() => {
  writer = openInlineWriter();
  const history = [
    { role: "user", text: "before" },
    { role: "assistant", text: "yes" },
  ] as const;
  writer.call(enqueue, enqueueInput("t1", { history }));
  [task] = writer.call(claim, claimInput()) as [ClaimedTask];
});
afterEach(() => writer.close());

const say = (text: string): Part[] => [
  { type: "text.delta", text },
  { type: "end", stopReason: "stop", model: "m" },
];
const callTool = (name: string, argumentsText = "{}", text = ""): Part[] => [
  ...(text === "" ? [] : [{ type: "text.delta", text } as const]),
  { type: "tool.start", index: 0, id: "c0", name },
  { type: "tool.delta", index: 0, text: argumentsText },
  { type: "end", stopReason: "tool_calls", model: "m" },
];

const agent: Agent = {
  ...{ id: "default", displayName: "d", provider: "scripted", model: "m", soul: "be kind", tools: null },
  ...{
    workerCount: null,
    maxQueueDepth: 0,
    taskTimeoutMs: 1_000,
    maxTurns: 3,
    contextLimit: null,
    budget: { onLimit: "suspend" },
  },
};

/** A loop with a script of answers; a script that is used up is an error of the test. */
function open(script: Part[][], more: { agent?: Partial<Agent>; signal?: AbortSignal } = {}) {
  const asked: ModelRequest[] = [];
  const ran: unknown[] = [];
  const texts: string[] = [];
  const params = { type: "object", properties: { x: {} }, additionalProperties: false };
  const probe: Tool = {
    ...{ name: "probe", description: "a probe", params, effectClass: "once", resource: () => null },
    run: async (args) => {
      ran.push(args);
      return args.x === "unsure"
        ? { type: "unknown", text: "no answer" }
        : { type: "done", text: `result ${ran.length}` };
    },
  };
  const store = storeOf(writer);
  const guard = guardOf("allow_capabilities: [tools.probe]", ["tools.probe"], store);
  const hands = handsOf(store, guard, [probe], { now: () => new Date(writer.clock.nowMs()) });
  const purse = {
    store,
    owner: "boot-1",
    nowMs: writer.clock.nowMs,
    catalog: createCatalog([], () => 0),
    ...UNLIMITED,
  };
  const provider = {
    id: "scripted",
    stream: async function* (request: ModelRequest) {
      asked.push(structuredClone(request));
      const parts = script.shift();
      if (parts === undefined) throw new Error("the script has no such answer");
      yield* parts;
    },
  };
  const run = (): Promise<Outcome> =>
    runTurns({
      ...{ task, agent: { ...agent, ...more.agent }, provider, model: "m", hands, purse },
      signal: more.signal ?? new AbortController().signal,
      onText: (turn, offset, text) => texts.push(`${turn}@${offset} ${text}`),
    });
  return { run, asked, ran, texts };
}

const roles = ({ messages }: ModelRequest): string[] =>
  messages.map((message) => `${message.role}: ${message.text}`);

test("the model is shown its soul, the conversation, the prompt and its own turns", async () => {
  const { run, asked, texts } = open([callTool("probe", "{}", "let me see"), say("done")]);
  expect(await run()).toMatchObject({ type: "succeeded", result: { text: "let me see\n\ndone" } });
  expect(roles(asked[0]!)).toEqual([
    "system: be kind",
    "user: before",
    "assistant: yes",
    "user: prompt of t1",
  ]);
  expect(roles(asked[1]!).slice(4)).toEqual(["assistant: let me see", "tool: result 1"]);
  expect(asked[0]!.tools.map(({ name }) => name)).toEqual(["probe"]);
  expect(texts).toEqual(["0@0 let me see", "1@0 done"]);
});

test("an agent is offered its own tools alone", async () => {
  const { run, asked } = open([say("x")], { agent: { tools: ["other"] } });
  await run();
  expect(asked[0]!.tools).toEqual([]);
});

test(verifies("BRN-002", "a resumed attempt buys nothing again and does nothing again"), async () => {
  const first = open([callTool("probe"), [failure("network", "reset")]]);
  expect(await first.run()).toMatchObject({ type: "retry", code: "RETRY_PROVIDER_NETWORK" });
  writer.call(requeue, { taskId: task.id, fence: task.fence });
  [task] = writer.call(claim, claimInput()) as [ClaimedTask];
  const second = open([say("done")]);
  expect(await second.run()).toMatchObject({ type: "succeeded", result: { text: "done" } });
  expect([first.ran.length, second.ran.length, second.asked.length]).toEqual([1, 0, 1]);
  expect(roles(second.asked[0]!).at(-1)).toBe("tool: result 1");
});

test(verifies("BRN-002", "an answer is in the journal when its first call runs"), async () => {
  const counts: number[] = [];
  const { run, ran } = open([callTool("probe"), say("x")]);
  ran.push = (...args: unknown[]): number => {
    counts.push(writer.reader.get<{ n: number }>("SELECT count(*) AS n FROM answers")!.n);
    return Array.prototype.push.apply(ran, args);
  };
  await run();
  expect(counts).toEqual([1]);
});

test(verifies("REL-002", "an act of unknown outcome suspends the task with a deadline"), async () => {
  const { run } = open([callTool("probe", '{"x":"unsure"}')]);
  const outcome = await run();
  expect(outcome).toMatchObject({ type: "suspended", reason: "EFFECT_UNKNOWN" });
  const { deadlineAt } = outcome as { deadlineAt: number };
  expect(deadlineAt).toBeGreaterThan(writer.clock.nowMs());
});

test("an agent that never comes to an answer ends at its limit", async () => {
  const { run, asked } = open([callTool("probe"), callTool("probe"), callTool("probe")]);
  expect(await run()).toMatchObject({
    type: "failed",
    code: "TURN_LIMIT",
    message: expect.stringContaining("max_turns"),
  });
  expect(asked).toHaveLength(3);
});

test(verifies("STM-005", "an attempt that was stopped asks no model and makes no act"), async () => {
  const { run, asked } = open([], { signal: AbortSignal.abort("canceled") });
  expect(await run()).toEqual({ type: "lost" });
  expect(asked).toEqual([]);
});

test("a stream that ends without saying so is no answer", async () => {
  const { run } = open([[{ type: "text.delta", text: "half" }]]);
  expect(await run()).toMatchObject({ type: "retry", code: "RETRY_PROVIDER_MALFORMED" });
});

describe("what a failure means", () => {
  test.each(ERROR_CLASSES)(
    verifies("REL-007", "%s is a known outcome with a code of the list"),
    (errorClass) => {
      const outcome = outcomeOf(failure(errorClass, "words", 7), { nowMs: 86_393_004, onLimit: "suspend" });
      if (errorClass === "daily_limit") {
        const until = { reason: "AWAITING_BUDGET", deadlineAt: 86_393_000, wakes: true };
        expect(outcome).toMatchObject({ type: "suspended", ...until });
        return expect(
          outcomeOf(failure(errorClass, "words", 7), { nowMs: 0, onLimit: "fail" }),
        ).toMatchObject({ type: "failed", code: "BUDGET_EXCEEDED" });
      }
      if (errorClass === "aborted") return expect(outcome).toEqual({ type: "lost" });
      expect(["retry", "failed"]).toContain(outcome.type);
      const { code } = outcome as { code: keyof typeof CODES };
      expect(CODES[code], code).toBeDefined();
      expect(CODES[code].retryable).toBe(outcome.type === "retry");
      if (outcome.type === "retry")
        expect(outcome).toMatchObject({ afterMs: 7, reason: code, message: "words" });
    },
  );
});

test("an answer that came after its task was canceled is not used, and was bought", async () => {
  const canceling = function* (): Generator<Part> {
    yield* say("too late").slice(0, -1);
    writer.call(cancel, { taskId: "t1" });
    yield* say("too late").slice(-1);
  };
  const { run } = open([canceling() as unknown as Part[]]);
  const outcome = await run();
  const lastAnswer = outcome.type === "succeeded" ? outcome.lastAnswer : null;
  expect(lastAnswer?.answer.text).toBe("too late");
  const input = { taskId: "t1", fence: 1, result: { text: "too late" }, lastAnswer };
  expect([writer.call(finish, input), writer.call(finish, input)]).toEqual([false, false]);
  const count = (sql: string) => writer.reader.get<{ n: number }>(sql)?.n;
  expect(count("SELECT count(*) AS n FROM failed_calls WHERE error_class = 'lost'")).toBe(1);
  expect(count("SELECT count(*) AS n FROM reservations")).toBe(0);
  expect(count("SELECT count(*) AS n FROM answers")).toBe(0);
});
