// `goclaw model …` and `goclaw cost` as they look: tables that fit the terminal, unknown said in words, exit codes.

import { afterEach, expect, test } from "vitest";
import type { DrillRow } from "../../../src/cli/context.ts";
import { runProgram } from "../../../src/cli/program.ts";
import { whyText } from "../../../src/cli/why-text.ts";
import type { WireCost } from "../../../src/rpc/methods/cost.ts";
import type { WireModel } from "../../../src/rpc/methods/model.ts";
import {
  fakeContext,
  keep,
  openStandIn,
  type StandIn,
  sendJson,
  TIME,
  wireEvent,
  wireTask,
} from "./stand-in.ts";

let daemon: StandIn | undefined;
afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

async function goclaw(body: unknown, columns: number | undefined, ...argv: string[]) {
  daemon = await openStandIn((_, response) => sendJson(response, 200, body));
  const context = fakeContext({ stdout: keep({ columns }) });
  const code = await runProgram([...argv, "--home", daemon.home], context);
  return { code, stdout: context.stdout.text(), stderr: context.stderr.text(), asked: daemon.asked };
}

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

const model = (more: Partial<WireModel>): WireModel => ({
  ...{ id: "p/m", provider: "p", model: "m", default: false, configured: true, failures: 0 },
  ...{ context_window: 200_000, max_output_tokens: 64_000, price_as_of: "2026-01-15", breaker: "closed" },
  ...{ price_checked: "vendor", ends_on: null, abilities: null },
  ...{ input_usd_per_mtok: 3, output_usd_per_mtok: 15, cached_input_usd_per_mtok: 0.3 },
  ...more,
});

const MODELS = [
  model({
    ...{ id: "anthropic/claude-sonnet-4-5-20250929", default: true },
    abilities: ["tools", "images", "reasoning", "json_schema"],
  }),
  model({ id: "p/\u001b[31mred", input_usd_per_mtok: null, context_window: null, price_as_of: null }),
  model({
    id: "q/m",
    abilities: ["tools", "images", "json_schema"],
    breaker: "open",
    failures: 5,
    retry_at: "2999-01-01T00:00:00.000Z",
  }),
  model({
    id: "r/m",
    abilities: ["tools", "json_schema"],
    breaker: "half_open",
    failures: 5,
    retry_at: TIME,
  }),
  model({ id: "t/m", price_checked: "third_party", price_as_of: "2026-02-20", ends_on: "2999-01-14" }),
  model({ id: "u/m", abilities: [], ends_on: "2001-01-14" }),
  model({ id: "s/m", configured: false, reason: "no key was found (looked for S_KEY)" }),
  model({ id: "s/n", configured: false, reason: "no key was found (looked for S_KEY)" }),
];

test("model list: states in words, unknown prices as such, and never wider than the terminal", async () => {
  const { code, stdout, stderr, asked } = await goclaw(
    { models: MODELS },
    undefined,
    "model",
    "list",
    "--all",
  );
  expect([code, asked]).toEqual([0, ["GET /api/v1/model-catalog?all=true"]]);
  for (const piece of [
    "20250929 *",
    "left alone after 5 failures; tried again in",
    "the next call tries it again",
  ])
    expect(stdout).toContain(piece);
  expect(stdout).toMatch(/red +unknown +64 k +unknown +unknown +ready/);
  expect(stdout).toMatch(/20250929 \* .* 3\/15 +all +ready/);
  expect(stdout).toMatch(/^q\/m .* all but reasoning +left alone/m);
  expect(stdout).toMatch(/^r\/m .* tools, json_schema +left alone/m);
  expect(stderr).toContain("CAN: tools, images, reasoning, json_schema");
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toMatch(/^t\/m .* 3\/15 \? +unknown +ready until 2999-01-14/m);
  expect(stdout).toMatch(/^u\/m .* 3\/15 +none of them +shut down by its vendor on 2001-01-14/m);
  expect(stderr).toContain("between 2026-01-15 and 2026-02-20");
  expect(stderr).toContain("? not checked");
  expect(stdout).toMatch(/^s\/m .* not configured$/m);
  expect(stderr.match(/no key was found \(looked for S_KEY\)/g)).toHaveLength(1);
  await daemon?.close();
  for (const columns of [80, 60]) {
    const { stdout: narrow } = await goclaw({ models: MODELS }, columns, "model", "list");
    expect(widest(narrow)).toBeLessThanOrEqual(columns);
    await daemon?.close();
  }
  daemon = undefined;
});

const cost = (key: string, more: Partial<WireCost> = {}): WireCost => ({
  ...{
    key,
    calls: 12,
    unpriced_calls: 0,
    uncounted_calls: 0,
    partial_calls: 0,
    input_tokens: 123_456,
    output_tokens: 7_890,
    cached_tokens: 0,
  },
  ...{ cost_usd: 1.5, ...more },
});

test("cost: a sum that is not whole says so, and the table fits", async () => {
  const rows = [
    cost("writer"),
    cost("coder", { unpriced_calls: 2 }),
    cost("local", { unpriced_calls: 12, cost_usd: null }),
  ];
  const { key: _key, ...total } = cost("total", {
    calls: 36,
    unpriced_calls: 14,
    uncounted_calls: 0,
    cost_usd: 3,
  });
  const report = { by: "agent", since: null, total, rows, truncated: false };
  const wide = await goclaw(report, undefined, "cost", "--since", "2026-01-31");
  expect([wide.code, wide.asked]).toEqual([0, ["GET /api/v1/cost?by=agent&since=2026-01-31"]]);
  expect(wide.stdout).toMatch(/^writer +12 +123\.5 k +0 +7\.89 k +\$1\.50$/m);
  expect(wide.stdout).toMatch(/^coder .*\$1\.50 and 2 of unknown cost$/m);
  expect(wide.stdout).toMatch(/^local .* unknown$/m);
  expect(wide.stdout).toMatch(/^total +36 .*\$3\.00 and 14 of unknown cost$/m);
  expect(wide.stderr).toContain("14 of 36 calls have no known price");
  await daemon?.close();
  expect(widest((await goclaw(report, 40, "cost")).stdout)).toBeLessThanOrEqual(40);
});

test.each([
  [["cost", "--by", "moon"], "agent, model, day"],
  [["cost", "--since", "2026-02-30"], "a day such as"],
  [["model"], "list, test, drill"],
])("%j is a usage error", async (argv, words) => {
  const context = fakeContext();
  expect(await runProgram(argv, context)).toBe(2);
  expect(context.stderr.text()).toContain(words);
});

const DRILLED: DrillRow = {
  ...{ fault: "401", errorClass: "auth", verdict: "next", answeredBy: "backup", counted: 1, ms: 4, ok: true },
  ...{ calls: { primary: 1, backup: 1 }, billedTokens: { primary: 0, backup: 12 } },
};

test("drill: one wrong survivor is exit 1", async () => {
  const run = async (rows: DrillRow[]) => {
    const context = fakeContext({ drillModels: async () => rows });
    return { code: await runProgram(["model", "drill"], context), text: context.stdout.text() };
  };
  expect((await run([DRILLED])).code).toBe(0);
  const wrong = await run([DRILLED, { ...DRILLED, fault: "500", answeredBy: null, ok: false }]);
  expect([wrong.code, wrong.text]).toEqual([1, expect.stringMatching(/^500 .*nobody .*WRONG$/m)]);
});

test("why a task waits for budget: until when, what happens then, and what helps", () => {
  const error = { code: "AWAITING_BUDGET", message: "budgets.per_day_usd is $1.0000; $1.0000 are spent" };
  const task = wireTask({ state: "RETRY_WAIT", reason_code: "AWAITING_BUDGET", error, available_at: TIME });
  const at = (wakes: boolean) => {
    const event = wireEvent(3, { type: "task.retry_wait", state_to: "RETRY_WAIT", payload: { wakes } });
    return whyText(task, [event], Date.parse(TIME) - 60_000, true).sentence;
  };
  expect(at(true)).toContain("budgets.per_day_usd is $1.0000");
  expect(at(true)).toContain("in 1 min: it is looked at again then");
  expect(at(false)).toContain("it fails with WAIT_EXPIRED then");
  for (const sentence of [at(true), at(false)])
    expect(sentence).toContain("A higher limit lets it go on at once: config.yaml, and a restart.");
  error.message = "API key k: budgets.per_day_usd is $1.0000";
  expect(at(true)).toContain("A higher limit lets it go on at once: `goclaw key update`.");
});
