// One suite over every store: what a caller of `run` may rely on, whatever its neighbours in the same commit do.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GoclawError } from "../../src/domain/error.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { claimInput, enqueueInput } from "../support/inputs.ts";
import { verifies } from "../support/verifies.ts";
import { within } from "../support/wait.ts";
import * as odd from "./odd-verbs.ts";
import { STORES, type StoreRig } from "./store-rigs.ts";

const SESSIONS_SQL = "SELECT id FROM sessions ORDER BY id";
const EVENTS_SQL = "SELECT seq, task_id AS taskId FROM task_events ORDER BY seq";

describe.each(Object.entries(STORES))("a store: %s", (_name, open) => {
  let rig: StoreRig;
  beforeEach(async () => {
    rig = await open();
  });
  afterEach(() => rig.close());

  const sessions = (): string[] => rig.store.reader.all<{ id: string }>(SESSIONS_SQL).map(({ id }) => id);
  const written = (): Promise<number> => rig.store.run(odd.countWritten, {});
  const settle = (calls: readonly Promise<unknown>[]) => Promise.allSettled(calls);
  const codes = (settled: readonly PromiseSettledResult<unknown>[]) =>
    settled.map((one) =>
      one.status === "fulfilled" ? "ok" : one.reason instanceof GoclawError && one.reason.code,
    );

  const misfits = [
    ["refuses before it writes", odd.refuseFirst, "STATE_CONFLICT"],
    ["refuses after it wrote", odd.writeThenRefuse, "STATE_CONFLICT"],
    ["refuses after it wrote with RETURNING", odd.returnThenRefuse, "STATE_CONFLICT"],
    ["has a defect after it wrote", odd.writeThenBreak, "INTERNAL"],
    ["breaks a constraint after it wrote", odd.writeTwice, "INTERNAL"],
  ] as const;

  test.each(misfits)(
    verifies("PER-004", "a verb that %s changes nothing, and its neighbours in the commit are unharmed"),
    async (_what, misfit, code) => {
      const { store } = rig;
      const calls = [
        store.run(odd.writeOne, { id: "a" }),
        store.run(misfit, { id: "x" }),
        store.run(odd.writeOne, { id: "b" }),
        store.run(misfit, { id: "y" }),
        store.run(odd.writeOne, { id: "c" }),
      ];
      expect(codes(await settle(calls))).toEqual(["ok", code, "ok", code, "ok"]);
      expect(sessions()).toEqual(["a", "b", "c"]);
      expect(rig.published.map(({ taskId }) => taskId)).toEqual(["a", "b", "c"]);
      expect(rig.store.reader.all(EVENTS_SQL)).toEqual(
        rig.published.map(({ seq, taskId }) => ({ seq, taskId })),
      );
      expect(await written()).toBe(3);
    },
  );

  test.each(misfits)(
    verifies("PER-004", "alone, a verb that %s changes nothing either"),
    async (_what, misfit, code) => {
      expect(codes(await settle([rig.store.run(misfit, { id: "x" })]))).toEqual([code]);
      expect(sessions()).toEqual([]);
      expect(rig.published).toEqual([]);
      expect(await written()).toBe(0);
      expect(rig.defects).toHaveLength(code === "INTERNAL" ? 1 : 0);
    },
  );

  test("a refusal keeps its message and its wait; a defect keeps its details to the log", async () => {
    const refused = await rig.store.run(odd.refuseFirst, { id: "x" }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "STATE_CONFLICT", message: "no", retryAfterSeconds: 7 });
    const broken = await rig.store.run(odd.writeThenBreak, { id: "x" }).catch((error: unknown) => error);
    expect(broken).toMatchObject({ code: "INTERNAL" });
    expect(String(broken)).not.toContain("a defect\n");
    expect(rig.defects).toEqual(["odd.write_then_break: a defect"]);
  });

  test("a name that is no verb is a defect and not the end", async () => {
    const unknown = { name: "odd.unknown", run: () => 1 };
    expect(codes(await settle([rig.store.run(unknown, {})]))).toEqual(["INTERNAL"]);
    expect(await rig.store.run(odd.writeOne, { id: "a" })).toBe(1);
  });

  test(
    verifies("STM-003", "events are published after their commit and before the promise resolves"),
    async () => {
      const order: string[] = [];
      rig.onPublish((events) => {
        for (const { seq, taskId } of events) {
          const row = rig.store.reader.get("SELECT 1 FROM task_events WHERE seq = @seq", { seq });
          order.push(`${taskId} ${row === undefined ? "not durable" : "durable"}`);
        }
      });
      const ids = ["a", "b", "c"];
      await Promise.all(
        ids.map(async (id) => {
          await rig.store.run(odd.writeOne, { id });
          order.push(`${id} resolved`);
        }),
      );
      for (const id of ids)
        expect(order.indexOf(`${id} durable`)).toBeLessThan(order.indexOf(`${id} resolved`));
      expect(order.filter((line) => line.endsWith("durable"))).toEqual(ids.map((id) => `${id} durable`));
    },
  );

  test(
    verifies("STM-003", "events of many commits are published in the order of their numbers, without gaps"),
    async () => {
      const calls = Array.from({ length: 500 }, (_, index) =>
        index % 7 === 3
          ? rig.store.run(odd.writeThenRefuse, { id: `x${index}` })
          : rig.store.run(odd.writeOne, { id: `s${index}` }),
      );
      await settle(calls);
      const seqs = rig.published.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      expect(rig.store.reader.all<{ seq: number }>(EVENTS_SQL).map(({ seq }) => seq)).toEqual(seqs);
    },
  );

  test(verifies("QUE-001", "of many claimants at once each task has exactly one"), async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `t${index}`);
    await Promise.all(ids.map((id) => rig.store.run(enqueue, enqueueInput(id))));
    const claimants = Array.from({ length: 50 }, (_, index) =>
      rig.store.run(claim, claimInput({ owner: "boot-1", slots: 1 + (index % 3) })),
    );
    const got = (await Promise.all(claimants)).flat().map(({ id }) => id);
    expect(got.sort()).toEqual(ids.sort());
  });

  test("calls answer in the order in which they were made", async () => {
    const counts = await Promise.all(["a", "b", "c", "d"].map((id) => rig.store.run(odd.writeOne, { id })));
    expect(counts).toEqual([1, 2, 3, 4]);
  });

  test("what crosses the thread is a copy", async () => {
    const input = { id: "a" };
    const call = rig.store.run(odd.writeOne, input);
    await call;
    expect(sessions()).toEqual(["a"]);
    const frozen = Object.freeze(claimInput());
    expect(await rig.store.run(claim, frozen)).toEqual([]);
  });

  test("close answers what was asked before it, and refuses what comes after", async () => {
    const calls = Array.from({ length: 100 }, (_, index) => rig.store.run(odd.writeOne, { id: `s${index}` }));
    const closed = within("the end of the writer", rig.close());
    expect(codes(await settle(calls))).toEqual(calls.map(() => "ok"));
    await closed;
    expect(codes(await settle([rig.store.run(odd.writeOne, { id: "late" })]))).toEqual(["SHUTTING_DOWN"]);
  });
});
