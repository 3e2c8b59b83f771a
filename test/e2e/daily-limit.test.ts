// Requests a day through the real daemon: counted before they are made, kept over restarts and kills, and when nobody is
// left a task waits for the day's end.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRoutingRig, type RoutingRig } from "../support/routing-rig.ts";
import { ended, readEvents, submit, taskWhere, type WireTask } from "../support/tasks.ts";

let rig: RoutingRig;
afterEach(() => rig.close());

const BOTH = { tiers: { light: ["light/l", "stub/m"] } };
const LIGHT = { model: "tier:light" };

const waits = (task: WireTask): boolean => task.reason_code === "AWAITING_BUDGET";
const midnight = (): string => new Date(new Date().setUTCHours(24, 0, 0, 0)).toISOString();

test("an exhausted provider is passed over for a visible reason, after a stop and after a kill too", async () => {
  rig = await createRoutingRig({ ...BOTH, daily_limits: { light: 3 } }, { agents: [] });
  let daemon = await rig.start();
  const run = async (prompt: string): Promise<string> => {
    const id = await submit(daemon.client, prompt, LIGHT);
    expect(await ended(daemon.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
    return id;
  };
  await run("task one");
  await daemon.stop();
  daemon = await rig.start();
  // Two requests: the repetition after a failure is one as well.
  await run("task two fault=500:1");
  await daemon.kill();
  daemon = await rig.start();
  const id = await run("task three");
  expect(rig.counts()).toEqual([3, 1, 0]);
  const events = await readEvents(daemon.client, id);
  const [route, seam] = ["route.decided", "model.seam"].map((type) =>
    events.find((event) => event.type === type),
  );
  expect(route?.payload).toMatchObject({ provider: "stub", skipped: [{ id: "light/l" }] });
  expect(seam?.payload).toMatchObject({ from: "light/l", to: "stub/m", error_class: "daily_limit" });
  expect(seam?.payload.message).toContain("llm.daily_limits.light is 3");
  const list = await runCli(rig.home, ["model", "list"]);
  expect(list.stdout).toMatch(/light\/l .*3 of 3 requests today; again at 00:00 UTC/);
  const json = (await runCli(rig.home, ["model", "list", "--json"])).json() as { models: { id: string }[] };
  expect(json.models.find(({ id: model }) => model === "light/l")).toMatchObject({
    ...{ requests_today: 3, daily_limit: 3 },
  });
});

test("a request that a kill cut off was counted", async () => {
  rig = await createRoutingRig({ ...BOTH, daily_limits: { light: 1 } }, { agents: [] });
  const first = await rig.start();
  const id = await submit(first.client, "task cut gate=hold", LIGHT);
  await rig.light.reached("hold");
  await first.kill();
  const { client } = await rig.start();
  rig.stub.open("hold");
  expect(await ended(client, id)).toMatchObject({ state: "SUCCEEDED" });
  expect(rig.counts()).toEqual([1, 1, 0]);
});

test("many tasks at once never make one request too many", async () => {
  rig = await createRoutingRig({ ...BOTH, daily_limits: { light: 5 } }, { agents: [], worker_count: 8 });
  const { client } = await rig.start();
  const ids = await Promise.all(Array.from({ length: 24 }, (_, n) => submit(client, `task m${n}`, LIGHT)));
  for (const id of ids) expect((await ended(client, id)).state).toBe("SUCCEEDED");
  expect(rig.counts()).toEqual([5, 19, 0]);
});

test("when nobody is left the task waits for 00:00 UTC; a raised limit lets it go on", async () => {
  const tiers = { light: ["light/l"] };
  rig = await createRoutingRig({ tiers, daily_limits: { light: 1 } }, { agents: [] });
  const first = await rig.start();
  await ended(first.client, await submit(first.client, "task one", LIGHT));
  const id = await submit(first.client, "task two", LIGHT);
  const task = await taskWhere(first.client, id, "waits", waits);
  expect(task).toMatchObject({ state: "RETRY_WAIT", attempt: 0, available_at: midnight() });
  const why = await runCli(rig.home, ["task", "why", id]);
  for (const piece of ["AWAITING_BUDGET", "llm.daily_limits.light is 1", "looked at again"])
    expect(why.stdout).toContain(piece);
  await first.stop();
  const second = await rig.start();
  // Still the same day, so it looks, and waits again.
  await taskWhere(second.client, id, "waits again", waits);
  expect(rig.counts()).toEqual([1, 0, 0]);
  await second.stop();
  expect((await runCli(rig.home, ["config", "set", "llm.daily_limits.light", "2"])).code).toBe(0);
  const third = await rig.start();
  expect(await ended(third.client, id)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
});

test("on_limit fail ends the task and names the limit, also for a chain of one without a tier", async () => {
  rig = await createRoutingRig({ daily_limits: { stub: 0 } }, { budgets: { on_limit: "fail" } });
  const { client } = await rig.start();
  const task = await ended(client, await submit(client, "task no"));
  expect(task).toMatchObject({ state: "FAILED", error: { code: "BUDGET_EXCEEDED" } });
  expect(task.error?.message).toContain("llm.daily_limits.stub is 0");
  expect(rig.counts()).toEqual([0, 0, 0]);
});
