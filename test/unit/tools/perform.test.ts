// Performing a call, step by step: what is refused never reaches the tool, what reaches the tool was committed before,
// and what comes back is clean and bounded.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ToolCall } from "../../../src/domain/message.ts";
import type { ClaimedTask } from "../../../src/domain/task.ts";
import type { Guard } from "../../../src/policy/guard.ts";
import { cancel } from "../../../src/queue/cancel.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { type Hands, type Performed, perform } from "../../../src/tools/perform.ts";
import type { Tool, ToolOutcome } from "../../../src/tools/tool.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";
import { guardOf, handsOf } from "../../support/policy.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
let task: ClaimedTask;
beforeEach(() => {
  writer = openInlineWriter();
  writer.call(enqueue, enqueueInput("t1"));
  [task] = writer.call(claim, claimInput()) as [ClaimedTask];
});
afterEach(() => writer.close());

const params = { type: "object", properties: { x: { type: "string" } }, additionalProperties: false };

interface Bench {
  readonly hands: Hands;
  readonly ran: unknown[];
  readonly asked: string[];
  run(call?: Partial<ToolCall>, callIndex?: number): Promise<Performed>;
}

/** A tool of one class that ends as it is told, under a policy that allows tools.probe. */
function open(
  effectClass: Tool["effectClass"],
  act: () => ToolOutcome | Promise<ToolOutcome>,
  allow = "tools.probe",
): Bench {
  const ran: unknown[] = [];
  const asked: string[] = [];
  const tool: Tool = {
    ...{ name: "probe", description: "a probe", params, effectClass, resource: () => "thing" },
    run: async (args, { effectKey }) => {
      ran.push({ args, effectKey, rows: rows() });
      return act();
    },
  };
  const store = storeOf(writer);
  const real = guardOf(`allow_capabilities: [${allow}]`, ["tools.probe", "tools.other"], store);
  const guard: Guard = {
    ...real,
    decideAct: (question) => {
      asked.push(question.capability);
      return real.decideAct(question);
    },
  };
  const redact = (text: string): string => text.replaceAll("s3cret", "[redacted]");
  const hands = handsOf(store, guard, [tool], { redact });
  const run: Bench["run"] = (call = {}, callIndex = 0) => {
    const whole = { id: "c", name: "probe", argumentsText: "{}", ...call };
    return perform(hands, task, whole, { turn: 0, callIndex }, new AbortController().signal);
  };
  return { hands, ran, asked, run };
}

const rows = () => ({
  effects: writer.reader
    .all<{ status: string }>("SELECT status FROM effects ORDER BY call_index")
    .map(({ status }) => status),
  audit: writer.reader
    .all<{ decision: string }>("SELECT decision FROM audit ORDER BY seq")
    .map(({ decision }) => decision),
});
const toolEvents = () =>
  writer.published.map(({ type }) => type as string).filter((type) => type.startsWith("tool."));
const done =
  (text = "fine") =>
  (): ToolOutcome => ({ type: "done", text });

test(
  verifies(
    ["BRN-003", "SEC-006"],
    "an unknown tool and bad arguments are results, and the policy is not asked about them",
  ),
  async () => {
    const { run, ran, asked } = open("once", done());
    expect(await run({ name: "nope" })).toMatchObject({
      type: "result",
      text: expect.stringMatching(/^TOOL_UNKNOWN: .*nope.*probe/),
    });
    expect(await run({ argumentsText: '{"x":5}' }, 1)).toMatchObject({
      type: "result",
      text: expect.stringContaining("TOOL_ARGUMENTS: "),
    });
    expect(await run({ argumentsText: "{" }, 2)).toMatchObject({
      type: "result",
      text: expect.stringContaining("not valid JSON"),
    });
    expect([ran, asked]).toEqual([[], []]);
    expect(rows()).toEqual({ effects: ["REFUSED", "REFUSED", "REFUSED"], audit: [] });
    expect(toolEvents()).toEqual(["tool.refused", "tool.refused", "tool.refused"]);
  },
);

test(
  verifies(
    "QUE-006",
    "a call that a crash cut off asks, though its tool is gone since or takes other arguments",
  ),
  async () => {
    const { hands, ran } = open("once", done());
    const place = { turn: 0, callIndex: 0, isInDoubt: true };
    for (const call of [
      { id: "c", name: "gone", argumentsText: "{}" },
      { id: "c", name: "probe", argumentsText: '{"x":5}' },
    ])
      expect(await perform(hands, task, call, place, new AbortController().signal)).toMatchObject({
        type: "unknown",
        message: expect.stringContaining(`nobody can tell whether ${call.name} took effect`),
      });
    expect([ran, rows().effects]).toEqual([[], []]);
  },
);

test(
  verifies(["SEC-001", "SEC-006"], "what the policy denies does not run, is audited, and the model is told"),
  async () => {
    const { run, ran } = open("once", done(), "tools.other");
    const refused = await run();
    expect(refused).toMatchObject({ type: "result", text: expect.stringContaining("CAP_DENIED") });
    expect(ran).toEqual([]);
    expect(rows()).toEqual({ effects: ["REFUSED"], audit: ["deny"] });
  },
);

test(
  verifies(["QUE-006", "SEC-006"], "when the tool runs, its intent and its allow are committed"),
  async () => {
    const { run, ran } = open("once", done());
    expect(await run({ argumentsText: '{"x":"y"}' })).toEqual({ type: "result", text: "fine" });
    expect(ran).toMatchObject([{ args: { x: "y" }, rows: { effects: ["PENDING"], audit: ["allow"] } }]);
    expect(rows()).toEqual({ effects: ["DONE"], audit: ["allow"] });
    expect(toolEvents()).toEqual(["tool.start", "tool.end"]);
  },
);

test.each(["pure", "keyed"] as const)(
  verifies("QUE-006", "a pending %s act is made again, with its key"),
  async (effectClass) => {
    let attempts = 0;
    const { run, ran } = open(effectClass, () => {
      if (++attempts === 1) throw new Error("crash");
      return { type: "done", text: "fine" };
    });
    // The first one settles as failed; a crash leaves it pending.
    await run();
    writer.db.exec("UPDATE effects SET status = 'PENDING', outcome = NULL, settled_at = NULL");
    expect(await run()).toEqual({ type: "result", text: "fine" });
    const keys = ran.map((one) => (one as { effectKey: string }).effectKey);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
  },
);

test(verifies("REL-002", "a pending once act is not made again: somebody must say"), async () => {
  const { run, ran } = open("once", done());
  await run();
  writer.db.exec("UPDATE effects SET status = 'PENDING', outcome = NULL, settled_at = NULL");
  expect(await run()).toMatchObject({ type: "unknown", message: expect.stringContaining("task resolve") });
  expect(ran).toHaveLength(1);
});

test(
  verifies("REL-002", "an act that was settled behind the attempt's back is a result, and nobody is asked"),
  async () => {
    for (const effectClass of ["once", "keyed"] as const) {
      const { run } = open(effectClass, done("the first outcome"));
      const callIndex = effectClass === "once" ? 0 : 1;
      await run({}, callIndex);
      // An attempt that read the journal before that outcome was written asks for the same act.
      expect(await run({}, callIndex)).toEqual({ type: "result", text: "the first outcome" });
    }
  },
);

test("a tool that throws has failed; one that does not know is unknown", async () => {
  const thrower = open("once", () => {
    throw new Error("broke with s3cret");
  });
  expect(await thrower.run()).toEqual({ type: "result", text: "TOOL_FAILED: broke with [redacted]" });
  const unsure = open("once", () => ({ type: "unknown", text: "no answer came" }));
  expect(await unsure.run({}, 1)).toMatchObject({
    type: "unknown",
    message: expect.stringContaining("no answer came"),
  });
  expect(rows().effects).toEqual(["FAILED", "UNKNOWN"]);
});

test(
  verifies("SEC-005", "an outcome is redacted before it is cut, so that half a secret cannot stay"),
  async () => {
    const long = `${"x".repeat(31_997)}s3cret${"y".repeat(50_000)}`;
    const { run } = open("pure", done(long));
    const { text } = (await run()) as { text: string };
    expect(text.length).toBeLessThan(32_100);
    expect(text).not.toContain("s3c");
    expect(text).toMatch(
      /\[cut: \d+ more characters, which are not kept; ask again for less, or for a part\]$/,
    );
    expect(writer.reader.get("SELECT outcome FROM effects")).toEqual({ outcome: text });
  },
);

test(
  verifies(["QUE-002", "STM-005"], "an attempt that lost its task makes no act and is told so"),
  async () => {
    const { run, ran } = open("once", done());
    writer.call(cancel, { taskId: "t1" });
    expect(await run()).toEqual({ type: "lost" });
    expect(await run({ name: "nope" }, 1)).toEqual({ type: "lost" });
    expect(ran).toEqual([]);
    expect(rows()).toEqual({ effects: [], audit: [] });
  },
);

test(
  verifies("QUE-002", "an act whose attempt was lost in the middle is settled, and the attempt is told"),
  async () => {
    const { run } = open("once", () => {
      writer.call(cancel, { taskId: "t1" });
      return { type: "done", text: "it happened" };
    });
    expect(await run()).toEqual({ type: "lost" });
    expect(rows().effects).toEqual(["DONE"]);
    expect(toolEvents()).toEqual(["tool.start"]);
  },
);

test("two equal calls of one turn are two acts with two keys", async () => {
  const { run, ran } = open("once", done());
  await run({}, 0);
  await run({}, 1);
  const keys = ran.map((one) => (one as { effectKey: string }).effectKey);
  expect(new Set(keys).size).toBe(2);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
});
