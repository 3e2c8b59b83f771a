// An act that an earlier attempt began and never settled, met by a later one under another policy, or without its tool:
// what was said to the model stays said, and what may have happened is never said not to have.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClaimedTask } from "../../../src/domain/task.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import type { Store } from "../../../src/store/store.ts";
import { type CallPlace, type Performed, perform } from "../../../src/tools/perform.ts";
import type { Tool } from "../../../src/tools/tool.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";
import { guardOf, handsOf } from "../../support/policy.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
let task: ClaimedTask;
let ran: number;
beforeEach(() => {
  writer = openInlineWriter();
  writer.call(enqueue, enqueueInput("t1"));
  [task] = writer.call(claim, claimInput()) as [ClaimedTask];
  ran = 0;
});
afterEach(() => writer.close());

const params = { type: "object", properties: { x: { type: "string" } }, additionalProperties: false };

interface Meeting {
  readonly allow?: string;
  readonly call?: { readonly name?: string; readonly argumentsText?: string };
  readonly place?: Partial<CallPlace>;
  readonly signal?: AbortSignal;
  readonly store?: Store;
  readonly text?: string;
}

/** Performs the call as an attempt would that comes to it now. */
function meet(effectClass: Tool["effectClass"], how: Meeting = {}): Promise<Performed> {
  const { allow = "tools.probe", call = {}, place = {}, store = storeOf(writer), text = "fine" } = how;
  const tool: Tool = {
    ...{ name: "probe", description: "a probe", params, effectClass, resource: () => "thing" },
    run: async (_args, { signal }) => {
      ran++;
      return { type: signal.aborted ? "failed" : "done", text };
    },
  };
  const guard = guardOf(`allow_capabilities: [${allow}]`, ["tools.probe", "tools.other"], store);
  const whole = { id: "c", name: "probe", argumentsText: "{}", ...call };
  const where = { turn: 0, callIndex: 0, ...place };
  return perform(
    handsOf(store, guard, [tool]),
    task,
    whole,
    where,
    how.signal ?? new AbortController().signal,
  );
}

const crash = (): void => {
  writer.db.exec("UPDATE effects SET status = 'PENDING', outcome = NULL, settled_at = NULL");
};
const status = () =>
  writer.reader.all<{ status: string }>("SELECT status FROM effects").map((row) => row.status);

test.each(["pure", "keyed"] as const)(
  verifies("QUE-006", "a pending %s act that is refused now stays refused, whatever the policy says later"),
  async (effectClass) => {
    await meet(effectClass);
    crash();
    const denied = await meet(effectClass, { allow: "tools.other" });
    const doubt =
      effectClass === "keyed" ? /^CAP_DENIED.*whether it took effect is not known$/ : /^CAP_DENIED/;
    expect(denied).toMatchObject({ type: "result", text: expect.stringMatching(doubt) });
    expect(status()).toEqual(["REFUSED"]);
    expect(await meet(effectClass, { text: "made after all" })).toEqual(denied);
    expect(ran).toBe(1);
  },
);

test(
  verifies(
    "REL-002",
    "an act in doubt is put to a person even when its tool is gone or takes other arguments",
  ),
  async () => {
    await meet("once");
    crash();
    for (const call of [{ name: "gone" }, { argumentsText: '{"x":5}' }]) {
      const performed = await meet("once", { call, place: { isInDoubt: true } });
      expect(performed).toMatchObject({ type: "unknown", message: expect.stringContaining("task resolve") });
    }
    expect(status()).toEqual(["PENDING"]);
  },
);

test(
  verifies(
    ["QUE-006", "REL-005"],
    "an act that failed because it was stopped is left open, unless it is made once only",
  ),
  async () => {
    const stopped = { signal: AbortSignal.abort("shutdown") };
    for (const effectClass of ["pure", "keyed"] as const) {
      expect(await meet(effectClass, stopped)).toEqual({ type: "lost" });
      expect(status()).toEqual(["PENDING"]);
    }
    expect(await meet("keyed")).toEqual({ type: "result", text: "fine" });
    expect(await meet("once", { ...stopped, place: { callIndex: 1 } })).toMatchObject({ type: "result" });
    expect(status()).toEqual(["DONE", "FAILED"]);
  },
);

test(
  verifies("STM-003", "an act whose task is stopped while its intent is written is not begun"),
  async () => {
    for (const [callIndex, effectClass] of (["pure", "keyed", "once"] as const).entries()) {
      const stop = new AbortController();
      const real = storeOf(writer);
      // A cancel that is committed together with the intent is told before it.
      const store: Store = {
        ...real,
        insist: (verb, input) => {
          stop.abort("canceled");
          return real.insist(verb, input);
        },
      };
      await meet(effectClass, { store, signal: stop.signal, place: { callIndex } });
    }
    expect(ran).toBe(0);
    // What is made once only is told to the model; the others are made by the attempt that goes on.
    expect(status()).toEqual(["PENDING", "PENDING", "FAILED"]);
  },
);
