// Every call goes through guard, schema and audit, in this order; and a follower sees each event once.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createBus } from "../../../src/bus/bus.ts";
import type { DurableEvent, TextDelta } from "../../../src/domain/event.ts";
import { cancel } from "../../../src/queue/cancel.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { createRpc, type Rpc } from "../../../src/rpc/dispatch.ts";
import { createFollower } from "../../../src/rpc/follow.ts";
import { defineMethod, paramsOf, type RpcPorts } from "../../../src/rpc/method.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";
import { guardOf } from "../../support/policy.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
beforeEach(() => {
  writer = openInlineWriter();
});
afterEach(() => writer.close());

const caller = { principal: "token", traceId: "trace" };
const ran: unknown[] = [];

const method = (capability: "acp.read" | "acp.mutate") =>
  defineMethod<{ readonly n: number }, string>({
    name: "test.method",
    capability,
    params: paramsOf({ n: { type: "integer", minimum: 1 } }, ["n"]),
    run: async (_ports, params) => {
      ran.push(params);
      return `ran with ${params.n}`;
    },
  });

function openRpc(policyText: string): Rpc {
  ran.length = 0;
  const store = storeOf(writer);
  const guard = guardOf(policyText, ["acp.read", "acp.mutate"], store);
  const ports = {
    ...{ store, guard, agents: [], newId: () => "id" },
    limits: { maxAttempts: 3 },
    isDraining: () => false,
  };
  return createRpc(ports as unknown as RpcPorts);
}

const audit = () =>
  writer.reader.all<{ decision: string }>("SELECT decision FROM audit").map(({ decision }) => decision);

describe("dispatch", () => {
  test(
    verifies("SEC-002", "what the policy does not allow does not run, whatever its parameters"),
    async () => {
      const rpc = openRpc("allow_capabilities: [acp.read]");
      for (const params of [{ n: 1 }, { n: "x" }, null]) {
        await expect(rpc.call(method("acp.mutate"), params, caller)).rejects.toMatchObject({
          code: "CAP_DENIED",
        });
      }
      expect(ran).toEqual([]);
      expect(audit()).toEqual(["deny", "deny", "deny"]);
      await expect(rpc.call(method("acp.read"), { n: 1 }, caller)).resolves.toBe("ran with 1");
    },
  );

  test.each([
    [{}, "n"],
    [{ n: 0 }, "n"],
    [{ n: 1.5 }, "n"],
    [{ n: "1" }, "n"],
    [{ n: 1, extra: true }, "extra"],
    [null, "body"],
    [[], "body"],
  ])("parameters %j are refused, and what is wrong is named", async (params, what) => {
    const rpc = openRpc("allow_capabilities: ['*']");
    const call = rpc.call(method("acp.mutate"), params, caller);
    await expect(call).rejects.toMatchObject({ code: "BAD_REQUEST", message: expect.stringContaining(what) });
    expect(ran).toEqual([]);
  });

  test(verifies("SEC-006", "a change that is allowed is recorded, a look is not"), async () => {
    const rpc = openRpc("allow_capabilities: [acp.*]");
    await rpc.call(method("acp.read"), { n: 1 }, caller);
    expect(audit()).toEqual([]);
    await rpc.call(method("acp.mutate"), { n: 2 }, caller);
    expect(audit()).toEqual(["allow"]);
  });
});

describe("following a task", () => {
  function openFollower() {
    const bus = createBus((error) => expect.fail(String(error)));
    const store = storeOf(writer, (events) => events.forEach(bus.publish));
    const seen: (DurableEvent | TextDelta)[] = [];
    const followed = {
      onEvent: (event: DurableEvent) => seen.push(event),
      onDelta: (delta: TextDelta) => seen.push(delta),
    };
    const types = (): string[] => seen.map(({ type }) => type);
    return { bus, store, follower: createFollower(store.reader, bus), followed, types };
  }

  test("what was before, what comes live and what is in flight arrive once and in order", async () => {
    const { bus, store, follower, followed, types } = openFollower();
    await store.run(enqueue, enqueueInput("t1"));
    await store.run(enqueue, enqueueInput("t2"));
    const stop = follower.follow("t1", 0, followed);
    expect(types()).toEqual(["task.enqueued"]);
    await store.run(claim, claimInput({ slots: 2 }));
    bus.publish({ type: "text.delta", taskId: "t1", sessionId: "s", turn: 0, offset: 0, text: "x" });
    bus.publish({ type: "text.delta", taskId: "t2", sessionId: "s", turn: 0, offset: 0, text: "not mine" });
    await store.run(cancel, { taskId: "t1" });
    expect(types()).toEqual(["task.enqueued", "task.claimed", "task.running", "text.delta", "task.canceled"]);
    stop();
    expect(bus.hasTaskListener("t1")).toBe(false);
  });

  test("a cursor leaves out what was seen", async () => {
    const { store, follower, followed, types } = openFollower();
    await store.run(enqueue, enqueueInput("t1"));
    await store.run(claim, claimInput());
    follower.follow("t1", 2, followed);
    expect(types()).toEqual(["task.running"]);
    await store.run(cancel, { taskId: "t1" });
    expect(types()).toEqual(["task.running", "task.canceled"]);
  });

  test("an event that was committed before the follower came and is published after it arrives once", async () => {
    const { bus, store, follower, followed, types } = openFollower();
    await store.run(enqueue, enqueueInput("t1"));
    const [event] = writer.published;
    follower.follow("t1", 0, followed);
    bus.publish(event!);
    expect(types()).toEqual(["task.enqueued"]);
  });
});
