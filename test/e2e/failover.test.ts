// Two providers in a chain, through the real daemon: whatever the first one does wrong, the second one answers, the log
// shows where, and nothing is done twice.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { type Fault, replyByDirective } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { type StubModel, startStubModel } from "../support/stub-model.ts";
import { ended, readEvents, submit, type WireEvent } from "../support/tasks.ts";

let second: StubModel;
let rig: Rig;
let daemon: Daemon;

async function start(llm: object): Promise<void> {
  second = await startStubModel();
  const other = { type: "openai_compatible", base_url: second.baseUrl, api_key: "sk-second" };
  const providers = { stub: { timeout_seconds: 0.5 }, second: other };
  rig = await createRig({ config: { providers, llm: { fallback_providers: ["second/m2"], ...llm } } });
  daemon = await rig.start();
}

beforeEach(() => start({ failover_threshold: 100 }));
afterEach(async () => {
  await rig.close();
  await second.close();
});

const payloads = (events: readonly WireEvent[], type: string) =>
  events.filter((event) => event.type === type).map((event) => event.payload);

const FAULTS = [
  ["500", "overloaded", 2],
  ["429", "rate_limit", 2],
  ["401", "auth", 1],
  ["hang", "timeout", 1],
  ["html", "overloaded", 2],
  ["badjson", "malformed", 1],
] as const satisfies readonly (readonly [Fault, string, number])[];

test("each fault of the first provider: the second one answers in the same attempt, after a visible seam", async () => {
  for (const [fault, errorClass, calls] of FAULTS) {
    rig.stub.use(() => ({ fault }));
    const before = rig.stub.calls.length;
    const id = await submit(daemon.client, `task f-${fault}`);
    expect(await ended(daemon.client, id)).toMatchObject({
      ...{ state: "SUCCEEDED", attempt: 1, result: { text: `done f-${fault}` } },
    });
    expect([fault, rig.stub.calls.length - before]).toEqual([fault, calls]);
    const events = await readEvents(daemon.client, id);
    expect(payloads(events, "model.seam").at(-1)).toMatchObject({
      ...{ from: "stub/m", to: "second/m2", offset: 0 },
    });
    expect(JSON.stringify(payloads(events, "model.seam").at(-1))).toContain(errorClass);
    expect(payloads(events, "model.end")).toMatchObject([{ provider: "second", model: "m2" }]);
  }
  expect(second.calls.every((call) => call.authorization === "Bearer sk-second")).toBe(true);
  expect(rig.stub.calls.every((call) => call.authorization === "Bearer sk-stub")).toBe(true);
});

test("a break in mid-stream goes on at the second provider; a chat client sees one answer", async () => {
  rig.stub.use(() => ({ fault: "reset" }));
  second.use(() => ({ text: " answer, and the rest of it" }));
  const reply = await daemon.client.post("/v1/chat/completions", {
    ...{ model: "goclaw", messages: [{ role: "user", content: "task mid" }] },
  });
  expect(reply.status).toBe(200);
  const { choices } = reply.json<{ choices: [{ message: { content: string } }] }>();
  expect(choices[0].message.content).toMatch(/^half an.* answer, and the rest of it$/);
  const id = String(reply.headers["x-goclaw-task"]);
  const events = await readEvents(daemon.client, id);
  expect(payloads(events, "model.seam").at(-1)).toMatchObject({ to: "second/m2", offset: 14 });
  expect(payloads(events, "model.end")).toMatchObject([{ provider: "second" }]);
  const told = second.calls[0]?.body.messages.map(({ role }) => role);
  expect(told?.slice(-2)).toEqual(["assistant", "user"]);
});

test("a tool that ran before the first provider failed is not run again", async () => {
  rig.stub.use((body, place) => (place.turn === 1 ? { fault: "500" } : replyByDirective(body, place)));
  const id = await submit(daemon.client, "task once tools=send_alert");
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(rig.sink.callsOf("task-once")).toHaveLength(1);
  expect([second.count("task-once", 0), second.count("task-once", 1)]).toEqual([0, 1]);
  const ends = payloads(await readEvents(daemon.client, id), "model.end");
  expect(ends.map(({ provider }) => provider)).toEqual(["stub", "second"]);
});

test("the caller's own bad request is not tried elsewhere, and is not held against the provider", async () => {
  await rig.close();
  await second.close();
  await start({ failover_threshold: 1, failover_cooldown_seconds: 3600 });
  for (let round = 0; round < 3; round++) {
    const id = await submit(daemon.client, `task bad${round} fault=400`);
    expect(await ended(daemon.client, id)).toMatchObject({
      ...{ state: "FAILED", error: { code: "PROVIDER_BAD_REQUEST" } },
    });
  }
  expect(second.calls).toHaveLength(0);
  await ended(daemon.client, await submit(daemon.client, "task good"));
  expect([rig.stub.count("task-good"), second.calls.length]).toEqual([1, 0]);
});

test("the breaker opens at its threshold, and a kill does not make it forget", async () => {
  await rig.close();
  await second.close();
  await start({ failover_threshold: 2, failover_cooldown_seconds: 3600 });
  rig.stub.use(() => ({ fault: "500" }));
  expect(await ended(daemon.client, await submit(daemon.client, "task one"))).toMatchObject({
    ...{ state: "SUCCEEDED" },
  });
  expect(rig.stub.calls).toHaveLength(2);
  await ended(daemon.client, await submit(daemon.client, "task two"));
  expect(rig.stub.calls).toHaveLength(2);
  await daemon.kill();
  daemon = await rig.start();
  const third = await submit(daemon.client, "task three");
  expect(await ended(daemon.client, third)).toMatchObject({ state: "SUCCEEDED" });
  expect([rig.stub.calls.length, second.calls.length]).toEqual([2, 3]);
  const health = await daemon.client.get("/api/v1/model-catalog");
  expect(health.json<{ models: object[] }>().models).toContainEqual(
    expect.objectContaining({ id: "stub/m", breaker: "open" }),
  );
});

test("with both providers down the task waits and tries again; when one is back it succeeds", async () => {
  let down = true;
  for (const stub of [rig.stub, second])
    stub.use((body, place) => (down ? { fault: "500" } : replyByDirective(body, place)));
  const id = await submit(daemon.client, "task patient", { max_attempts: 50 });
  await expect.poll(() => second.calls.length, { timeout: 10_000 }).toBeGreaterThan(0);
  down = false;
  expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED" });
});
