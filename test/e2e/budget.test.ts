// Budgets through the real daemon: many tasks against one limit, a kill in between, and what a user is told.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { parse } from "yaml";
import { runCli } from "../support/cli.ts";
import { replyByDirective } from "../support/directive.ts";
import { writeConfig } from "../support/home.ts";
import { askColumn } from "../support/home-sql.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, readTask, submit, taskWhere, type WireTask } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

/** One token out costs $0.001; a call reserves at most ten of them. */
const MODEL = {
  ...{ id: "stub/m", context_window: 10_000, max_output_tokens: 10 },
  ...{ input_usd_per_mtok: 0, output_usd_per_mtok: 1_000 },
};
const RESERVED_USD = 0.01;
const LANES = 8;

let rig: Rig;
afterEach(() => rig.close());

async function start(budgets: object, more: object = {}) {
  rig = await createRig({ config: { models: [MODEL], budgets, worker_count: LANES, ...more } });
  return rig.start();
}

const ask = <T>(sql: string): T[] => askColumn<T>(rig.home, sql);

const reservations = (): number => ask<number>("SELECT count(*) FROM reservations")[0] ?? -1;
const settledUsd = (): number =>
  ask<number>("SELECT usd FROM spend_totals WHERE scope = 'all' AND period LIKE 'day:%'")[0] ?? 0;

/** Done, or waiting for the next day; not the short wait for calls in flight, which ends by itself at once. */
const rests = (task: WireTask): boolean =>
  task.state === "SUCCEEDED" ||
  (task.state === "RETRY_WAIT" && (task.error?.message ?? "").includes("it goes on at"));

test("64 tasks against one limit: what is settled never passes it by more than the calls in flight", async () => {
  const cap = 0.2;
  const cost = 0.022;
  const { client } = await start({ per_day_usd: cap });
  const ids = await Promise.all(
    Array.from({ length: 64 }, (_, n) => submit(client, `task b${n} words=20 delay=5`)),
  );
  const tasks = await Promise.all(ids.map((id) => taskWhere(client, id, "rests", rests, 60_000)));
  const done = tasks.filter(({ state }) => state === "SUCCEEDED");
  expect(settledUsd()).toBeCloseTo(done.length * cost, 9);
  expect(settledUsd()).toBeGreaterThan(cap - RESERVED_USD - cost);
  expect(settledUsd()).toBeLessThanOrEqual(cap + LANES * (cost - RESERVED_USD) + 1e-9);
  expect(rig.stub.calls).toHaveLength(done.length);
  expect(done.every(({ usage }) => Math.abs((usage.cost_usd ?? 0) - cost) < 1e-9)).toBe(true);
  const waiting = tasks.filter(({ state }) => state !== "SUCCEEDED");
  const midnight = new Date(new Date().setUTCHours(24, 0, 0, 0)).toISOString();
  expect(new Set(waiting.map((task) => (task as WireTask & { available_at: string }).available_at))).toEqual(
    new Set([midnight]),
  );
  expect(reservations()).toBe(0);
  const why = await runCli(rig.home, ["task", "why", waiting[0]!.id]);
  for (const piece of ["AWAITING_BUDGET", "budgets.per_day_usd", "$0.2000", "looked at again"])
    expect(why.stdout).toContain(piece);
});

test("a kill with calls in flight leaks no reservation, and a raised limit lets everything go on", async () => {
  const first = await start({ per_day_usd: 0.05 });
  const ids = await Promise.all(
    Array.from({ length: 64 }, (_, n) => submit(first.client, `task k${n} gate=hold`)),
  );
  await until("the limit to be full of calls in flight", () => reservations() === 5);
  expect(rig.stub.calls.length).toBeLessThanOrEqual(5);
  await first.kill();
  rig.stub.open("hold");
  const second = await rig.start();
  const tasks = await Promise.all(ids.map((id) => taskWhere(second.client, id, "rests", rests, 60_000)));
  const done = tasks.filter(({ state }) => state === "SUCCEEDED").length;
  expect([reservations(), done]).toEqual([0, 21]);
  expect(settledUsd()).toBeCloseTo(done * 0.002, 9);
  await second.stop();
  await runCli(rig.home, ["config", "set", "budgets.per_day_usd", "1"]);
  const third = await rig.start();
  for (const id of ids) expect((await ended(third.client, id, 30_000)).state).toBe("SUCCEEDED");
  expect([reservations(), settledUsd()]).toEqual([0, expect.closeTo(64 * 0.002, 9)]);
});

test("on_limit fail ends the task and names the limit", async () => {
  const { client } = await start({ per_task_usd: 0.001, on_limit: "fail" });
  const task = await ended(client, await submit(client, "task dear"));
  expect(task).toMatchObject({ state: "FAILED", error: { code: "BUDGET_EXCEEDED" } });
  expect(task.error?.message).toContain("budgets.per_task_usd");
  expect(rig.stub.calls).toHaveLength(0);
});

test("a failed call gives its reservation back", async () => {
  const { client } = await start({ per_day_usd: 0.015 });
  for (const fault of ["400", "401"])
    await ended(client, await submit(client, `task x${fault} fault=${fault}`));
  expect(reservations()).toBe(0);
  expect((await ended(client, await submit(client, "task after fault=500:2"))).state).toBe("SUCCEEDED");
});

test("a price that is unknown is null, never zero, and cannot be held to a limit in dollars", async () => {
  const first = await start({}, { models: [] });
  const free = await ended(first.client, await submit(first.client, "task free"));
  expect(free.usage).toMatchObject({ output_tokens: 2, cost_usd: null });
  await rig.close();
  const second = await start({ per_month_usd: 5 }, { models: [] });
  const task = await ended(second.client, await submit(second.client, "task held"));
  expect(task).toMatchObject({ state: "FAILED", error: { code: "BUDGET_UNPRICED" } });
  expect(task.error?.message).toContain("stub/m");
});

const spentUsd = (scope: string): number =>
  ask<number>(`SELECT usd FROM spend_totals WHERE scope = '${scope}' AND period LIKE 'day:%'`)[0] ?? 0;

/** The rig's stub a second time, under another name. */
async function startTwo(budgets: object, fallback: boolean) {
  rig = await createRig({ config: { models: [MODEL, { ...MODEL, id: "spare/m" }], worker_count: LANES } });
  const spare = { type: "openai_compatible", base_url: rig.stub.baseUrl, api_key: "sk-spare" };
  const file = join(rig.home, "config.yaml");
  const config = parse(readFileSync(file, "utf8")) as { providers: { stub: object }; llm: object };
  const providers = { stub: { ...config.providers.stub, budgets }, spare };
  const llm = { ...config.llm, ...(fallback && { fallback_providers: ["spare/m"] }) };
  writeConfig(rig.home, { ...config, providers, llm });
  return rig.start();
}

test("a provider at its limit is passed over for the next of the chain, and says so", async () => {
  const { client } = await startTwo({ per_day_usd: 0.05 }, true);
  const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => submit(client, `task p${n} words=3`)));
  const tasks = await Promise.all(ids.map((id) => ended(client, id, 60_000)));
  expect(new Set(tasks.map(({ state, attempt }) => `${state} ${attempt}`))).toEqual(new Set(["SUCCEEDED 1"]));
  const calls = { stub: 0, spare: 0 };
  for (const { authorization } of rig.stub.calls)
    calls[authorization === "Bearer sk-stub" ? "stub" : "spare"]++;
  expect(calls.stub).toBeGreaterThan(4);
  expect(calls.stub + calls.spare).toBe(40);
  expect(spentUsd("provider:stub")).toBeCloseTo(calls.stub * 0.005, 9);
  expect(spentUsd("provider:stub")).toBeLessThanOrEqual(0.05 + 1e-9);
  expect(spentUsd("provider:spare")).toBeCloseTo(calls.spare * 0.005, 9);
  const last = await submit(client, "task later");
  await ended(client, last);
  const begun = (await readEvents(client, last)).find(({ type }) => type === "model.start");
  expect(begun?.payload).toMatchObject({ provider: "spare", passed_over: ["stub/m"] });
  expect([reservations(), ask("SELECT 1 FROM reserved_links")]).toEqual([0, []]);
  const cost = await runCli(rig.home, ["cost", "--by", "provider"]);
  expect(cost.stdout).toMatch(new RegExp(`stub +${calls.stub} `));
});

test("a provider at its limit with nobody behind it makes the task wait, or fail as configured", async () => {
  const { client } = await startTwo({ per_day_usd: 0.011 }, false);
  expect((await ended(client, await submit(client, "task first"))).state).toBe("SUCCEEDED");
  const waits = await taskWhere(client, await submit(client, "task alone"), "rests", rests);
  expect(waits).toMatchObject({ state: "RETRY_WAIT", reason_code: "AWAITING_BUDGET" });
  expect(waits.error?.message).toContain("providers.stub.budgets.per_day_usd is $0.0110");
  await rig.close();
  const second = await startTwo({ per_day_tokens: 1, on_limit: "fail" }, false);
  const fails = await ended(second.client, await submit(second.client, "task alone"));
  expect(fails).toMatchObject({ state: "FAILED", error: { code: "BUDGET_EXCEEDED" } });
  expect(rig.stub.calls).toHaveLength(0);
});

test.each(["billed", "refused"])(
  "a call that is %s and brings nothing is priced and counts",
  async (fault) => {
    const { client } = await start({ per_day_usd: 1 });
    const first = await ended(client, await submit(client, `task lost fault=${fault}:1`));
    expect(first.state).toBe(fault === "refused" ? "FAILED" : "SUCCEEDED");
    const events = await readEvents(client, first.id);
    expect(events.filter(({ type }) => type === "model.billed").map(({ payload }) => payload)).toMatchObject([
      {
        provider: "stub",
        model: "m",
        error_class: fault === "refused" ? "refused" : "network",
        cost_usd: 0.005,
      },
    ]);
    // The answer after it, where there is one, costs two words.
    const answers = fault === "refused" ? 0 : 1;
    expect(first.usage.cost_usd).toBeCloseTo(0.005 + answers * 0.002, 9);
    expect(first.usage.output_tokens).toBe(5 + answers * 2);
    expect(spentUsd("all")).toBeCloseTo(0.005 + answers * 0.002, 9);
    expect(spentUsd("provider:stub")).toBeCloseTo(0.005 + answers * 0.002, 9);
    expect(reservations()).toBe(0);
    const cost = (await runCli(rig.home, ["cost", "--json"])).json();
    expect(cost).toMatchObject({ total: { calls: 1 + answers, unpriced_calls: 0 } });
  },
);

test("in a chain the call that broke off after it was counted is its provider's purchase", async () => {
  const { client } = await startTwo({ per_day_usd: 1 }, true);
  rig.stub.use((body, place) =>
    rig.stub.calls.length === 1 ? { fault: "billed" } : replyByDirective(body, place),
  );
  const task = await ended(client, await submit(client, "task seam"));
  expect(task).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  expect(ask("SELECT provider || ' ' || cost_usd FROM failed_calls")).toEqual(["stub 0.005"]);
  expect(task.usage.cost_usd).toBeGreaterThan(0.005);
});

test("answers that did not fit a schema are purchases too", async () => {
  const { client } = await start({ per_day_usd: 1 });
  rig.stub.use(() => ({ text: "no data here" }));
  const schema = { type: "object", required: ["n"] };
  const task = await ended(client, await submit(client, "task data", { schema }));
  expect(task).toMatchObject({ state: "FAILED", error: { code: "STRUCTURED_OUTPUT_INVALID" } });
  const calls = rig.stub.calls.length;
  expect(calls).toBeGreaterThan(1);
  expect(task.usage.cost_usd).toBeCloseTo(calls * 0.003, 9);
  expect(spentUsd("all")).toBeCloseTo(calls * 0.003, 9);
});

test("goclaw cost counts what was spent by agent, model and day, and calls without a price apart", async () => {
  const { client } = await start({}, { llm: { fallback_providers: ["stub/unpriced"] } });
  for (let n = 0; n < 3; n++) await ended(client, await submit(client, `task c${n}`));
  await ended(client, await submit(client, "task c4", { model: "unpriced" }));
  const total = { calls: 4, unpriced_calls: 1, output_tokens: 8 };
  for (const by of ["agent", "model", "day"]) {
    const report = (await client.get(`/api/v1/cost?by=${by}`)).json<{ total: object; rows: object[] }>();
    expect(report.total).toMatchObject(total);
    expect(report.rows.length).toBe(by === "model" ? 2 : 1);
  }
  const cli = await runCli(rig.home, ["cost", "--by", "model"]);
  expect([cli.code, cli.stdout]).toEqual([0, expect.stringMatching(/stub\/m +3 .*\$0\.006/)]);
  expect(cli.stdout).toMatch(/stub\/unpriced +1 .*unknown/);
  const none = await runCli(rig.home, ["cost", "--since", "2199-01-01", "--json"]);
  expect(none.json()).toMatchObject({ total: { calls: 0, cost_usd: 0 }, rows: [] });
  expect((await client.get("/api/v1/cost?by=moon")).status).toBe(400);
  expect(
    (await readTask(client, (await client.get("/api/v1/tasks")).json<{ tasks: WireTask[] }>().tasks[0]!.id))
      .usage.cost_usd,
  ).toBeNull();
});
