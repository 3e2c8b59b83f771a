// What an API key may spend, on the real daemon, and that two keys do not meet.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { type KeyRig, startKeyRig } from "../support/keys.ts";
import { ended, submit, taskWhere, type WireTask } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

/** The most a call reserves. */
const RESERVED_USD = 0.01;

let rig: KeyRig;
afterEach(() => rig.close());

const as = { agent: "a" };

const rests = (task: WireTask): boolean =>
  task.state === "SUCCEEDED" ||
  (task.state === "RETRY_WAIT" && !(task.error?.message ?? "").includes("in flight"));

test("64 tasks on one key's budget: never more than the calls in flight, and a kill leaks nothing", async () => {
  rig = await startKeyRig();
  const { addKey, ask } = rig;
  const cap = 0.05;
  const { client } = await addKey("shared", "--agents", "a", "--budget-usd", String(cap));
  const ids = await Promise.all(
    Array.from({ length: 64 }, (_, n) => submit(client, `task k${n} gate=hold`, as)),
  );
  await until(
    "the budget to be full of calls in flight",
    () => ask("SELECT 1 FROM reservations").length === 5,
  );
  expect(rig.stub.calls.length).toBeLessThanOrEqual(5);
  await rig.daemon.kill();
  rig.stub.open("hold");
  rig.daemon = await rig.start();
  const tasks = await Promise.all(ids.map((id) => taskWhere(rig.daemon.client, id, "rests", rests, 60_000)));
  const done = tasks.filter(({ state }) => state === "SUCCEEDED").length;
  const spent =
    ask<number>("SELECT usd FROM spend_totals WHERE scope LIKE 'key:%' AND period = 'total'")[0] ?? 0;
  expect(ask("SELECT 1 FROM reservations")).toEqual([]);
  expect(ask("SELECT 1 FROM reserved_links")).toEqual([]);
  expect(spent).toBeCloseTo(done * 0.002, 9);
  expect(spent).toBeGreaterThan(cap - RESERVED_USD);
  expect(spent).toBeLessThanOrEqual(cap + 1e-9);
  const waiting = tasks.find(({ state }) => state !== "SUCCEEDED")!;
  expect(waiting).toMatchObject({ reason_code: "AWAITING_BUDGET" });
  expect(waiting.error?.message).toContain("API key shared: budgets.total_usd is $0.0500");
  // Raised, it lets what waits go on at once.
  const raised = await runCli(rig.home, ["key", "update", "shared", "--budget-usd", "1", "--rpm", "5000"]);
  expect([raised.code, raised.stdout]).toEqual([
    0,
    "API key shared: 5000 requests a minute; budget $1.00 total\n",
  ]);
  for (const id of ids) expect((await ended(rig.daemon.client, id, 30_000)).state).toBe("SUCCEEDED");
  // The same agent with the home's own token is not held by the key's budget.
  expect((await ended(rig.daemon.client, await submit(rig.daemon.client, "task free", as))).state).toBe(
    "SUCCEEDED",
  );
  const cost = await runCli(rig.home, ["cost", "--by", "key"]);
  expect(cost.stdout).toMatch(/shared [0-9a-f]{12} +64 /);
  expect(cost.stdout).toMatch(/token +1 /);
}, 90_000);

test("a key with on_limit fail ends its task at the cap", async () => {
  rig = await startKeyRig();
  const { addKey } = rig;
  const { client } = await addKey("strict", "--agents", "a", "--budget-usd", "0.005", "--on-limit", "fail");
  const task = await ended(client, await submit(client, "task dear", as));
  expect(task).toMatchObject({ state: "FAILED", error: { code: "BUDGET_EXCEEDED" } });
});

test("two keys with the same idempotency key do not meet", async () => {
  rig = await startKeyRig();
  const { addKey } = rig;
  const [one, two] = [await addKey("one", "--agents", "a"), await addKey("two", "--agents", "a")];
  const first = await submit(one.client, "task same", as, "same-key");
  expect(await submit(one.client, "task same", as, "same-key")).toBe(first);
  expect(await submit(two.client, "task same", as, "same-key")).not.toBe(first);
});
