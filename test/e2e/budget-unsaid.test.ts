// What a provider does not say it counted: answers without usage, streams that break off, calls that are canceled while
// they stream. The vendor bills them, so limits hold against an estimate of them, and reports say that the cost is unknown.

import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Client } from "../support/http.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit, type WireTask } from "../support/tasks.ts";
import { anthropic } from "../support/vendors/anthropic.ts";
import type { Dialect, Said } from "../support/vendors/dialect.ts";
import { openai } from "../support/vendors/openai.ts";
import { type Out, startVendor, type VendorServer } from "../support/vendors/server.ts";
import { createSignal } from "../support/wait.ts";

/** One token out costs a dollar; a call reserves four of them. */
const FACTS = { context_window: 10_000, max_output_tokens: 4 };
const MODEL = { ...FACTS, id: "stub/m", input_usd_per_mtok: 0, output_usd_per_mtok: 1_000_000 };
/** Four tokens by the estimate of three bytes each. */
const HEARD = "abcdefghijkl";
/** The last letters are held back while they may begin a secret, such as the home's random token. */
const HEARD_FIRST = HEARD.slice(0, 6);

let rig: Rig;
let vendor: VendorServer;
beforeEach(async () => {
  vendor = await startVendor();
});
afterEach(async () => {
  await rig.close();
  await vendor.close();
});

async function start(budgets: object, type: "anthropic" | "openai_compatible" = "openai_compatible") {
  const base_url = type === "anthropic" ? vendor.origin : `${vendor.origin}/v1`;
  rig = await createRig({
    config: {
      ...{ models: [MODEL], budgets, max_attempts: 1, agents: [{ agent_id: "a", tools: ["now"] }] },
      providers: { stub: { type, base_url } },
    },
  });
  return (await rig.start()).client;
}

const whole = (dialect: Dialect, said: Said) => async (out: Out) => {
  out.head(dialect.contentType);
  await out.write(dialect.events(said).join(""));
  out.end();
};

const ask = async (client: Client, more: object = {}): Promise<WireTask> =>
  ended(client, await submit(client, "go", { agent: "a", ...more }));

/** Asks until the budget says no; how many calls the vendor saw. */
async function callsUntilRefused(once: () => Promise<WireTask>): Promise<number> {
  for (let n = 0; n < 8; n++) {
    if ((await once()).error?.code === "BUDGET_EXCEEDED") return vendor.requests.length;
  }
  return Number.POSITIVE_INFINITY;
}

test("a task whose provider reports no usage stops at its limit", async () => {
  const call = { name: "now", args: "{}" };
  vendor.use(whole(openai, { calls: [call], stop: "tool_calls" }));
  const client = await start({ per_task_usd: 10, on_limit: "fail" });
  expect(await ask(client)).toMatchObject({ state: "FAILED", error: { code: "BUDGET_EXCEEDED" } });
  // Two calls of four dollars are counted as what they reserved; a third would not fit.
  expect(vendor.requests).toHaveLength(2);
});

test("a session whose provider reports no usage stops at its limit", async () => {
  vendor.use(whole(openai, { text: ["ok"] }));
  const client = await start({ per_session_usd: 10, on_limit: "fail" });
  const { session_id } = await ask(client);
  expect(await callsUntilRefused(() => ask(client, { session_id }))).toBe(2);
});

test.each([
  ["openai_compatible", openai],
  ["anthropic", anthropic],
] as const)("what %s streamed before it broke off counts against the limit", async (type, dialect) => {
  vendor.use(async (out) => {
    const usage = { input: 1, output: 9, cached: 0, cacheWrite: 0, reasoning: 0 };
    const broken = dialect.events({ text: [HEARD], stop: "none", usage });
    out.head(dialect.contentType);
    // The chunk with OpenAI's usage comes after the text.
    await out.write(broken.slice(0, type === "anthropic" ? undefined : 2).join(""));
    out.reset();
  });
  const client = await start({ per_day_usd: 10, on_limit: "fail" }, type);
  // Anthropic says at the start that one token was made; that and what was heard are five.
  expect(await callsUntilRefused(() => ask(client))).toBe(2);
});

test.each([
  ["after some text", undefined],
  ["before any", 1],
])(
  "what Anthropic counted before it broke off %s is the least that was spent, and is shown so",
  async (_, events) => {
    vendor.use(async (out) => {
      const usage = { input: 1, output: 9, cached: 0, cacheWrite: 0, reasoning: 0 };
      out.head(anthropic.contentType);
      await out.write(
        anthropic
          .events({ text: [HEARD], stop: "none", usage })
          .slice(0, events)
          .join(""),
      );
      out.reset();
    });
    const client = await start({}, "anthropic");
    const { id } = await ask(client);
    const cost = await runCli(rig.home, ["cost"]);
    expect(cost.stdout).toMatch(/^a +1 .*at least \$1\.00$/m);
    expect(cost.stderr).toContain("1 of 1 calls broke off before their provider's last count");
    const json = await runCli(rig.home, ["cost", "--json"]);
    expect(json.json()).toMatchObject({
      total: { calls: 1, partial_calls: 1, unpriced_calls: 0, cost_usd: 1 },
    });
    const { task } = (await client.get(`/api/v1/tasks/${id}`)).json<{ task: { usage: unknown } }>();
    expect(task.usage).toMatchObject({ cost_usd: null });
  },
);

test("a call that is canceled while it streams is no free call", async () => {
  const client = await start({ per_day_usd: 10, on_limit: "fail" });
  const cancelInMidStream = async (): Promise<WireTask> => {
    const watched = createSignal<void>();
    vendor.use(async (out) => {
      await watched.promise;
      out.head(openai.contentType);
      await out.write(openai.events({ text: [HEARD], stop: "none" }).join(""));
      await out.gone;
    });
    const id = await submit(client, "go", { agent: "a" });
    const shown = await client.stream("GET", `/api/v1/task/stream?task_id=${id}`);
    watched.give();
    const first = await Promise.race([
      shown.first("a piece of the answer", ({ data }) => data.includes(HEARD_FIRST)).then(() => "streams"),
      ended(client, id).then(() => "ended"),
    ]);
    if (first === "streams") await client.post(`/api/v1/tasks/${id}/cancel`);
    shown.close();
    return ended(client, id);
  };
  expect(await callsUntilRefused(cancelInMidStream)).toBe(2);
  const cost = await runCli(rig.home, ["cost"]);
  expect(cost.stdout).toMatch(/^a +2 .*unknown/m);
  expect(cost.stderr).toContain(
    "2 of 2 calls have no known cost: their provider did not say what it counted",
  );
  expect(cost.stderr).not.toContain("models:");
});

test("an unknown price is told apart from unknown usage", async () => {
  const client = await start({});
  const usage = { input: 1, output: 1, cached: 0, cacheWrite: 0, reasoning: 0 };
  vendor.use(whole(openai, { text: ["ok"], usage }));
  await ask(client, { model: "dear" });
  vendor.use(whole(openai, { text: ["ok"] }));
  await ask(client);
  const cost = await runCli(rig.home, ["cost"]);
  expect(cost.stderr).toContain("1 of 2 calls have no known price; add it under models: in config.yaml");
  expect(cost.stderr).toContain(
    "1 of 2 calls have no known cost: their provider did not say what it counted",
  );
  const json = await runCli(rig.home, ["cost", "--json"]);
  expect(json.json()).toMatchObject({ total: { calls: 2, unpriced_calls: 2, uncounted_calls: 1 } });
});
