// `goclaw model …`: what can be asked, whether it answers, and the drill, as an operator runs them.

import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { startStubModel } from "../support/stub-model.ts";

let rig: Rig;

beforeAll(async () => {
  const gone = await startStubModel();
  await gone.close();
  const facts = { context_window: 32_000, max_output_tokens: 4_000 };
  rig = await createRig({
    config: {
      providers: {
        gone: { type: "openai_compatible", base_url: gone.baseUrl, api_key: "sk-gone", models: ["x"] },
      },
      models: [{ id: "stub/m", ...facts, input_usd_per_mtok: 100, output_usd_per_mtok: 1_000 }],
    },
  });
});
afterAll(() => rig.close());

const goclaw = (...args: string[]) => runCli(rig.home, ["model", ...args]);

interface Listed {
  readonly models: readonly {
    id: string;
    configured: boolean;
    breaker: string;
    input_usd_per_mtok: number | null;
  }[];
}

test("list shows configured providers, --all what the others lack; a price is known or unknown", async () => {
  const { models } = (await goclaw("list", "--json")).json<Listed>();
  expect(models.every(({ configured }) => configured)).toBe(true);
  const row = (id: string) => models.find((model) => model.id === id);
  expect(row("stub/m")).toMatchObject({
    ...{ default: true, context_window: 32_000, input_usd_per_mtok: 100, breaker: "closed" },
  });
  expect(row("gone/x")).toMatchObject({ context_window: null, input_usd_per_mtok: null });
  const words = await goclaw("list");
  expect(words.stdout).toMatch(/^stub\/m \* +32 k +4 k +100\/1000 +unknown +ready$/m);
  expect(words.stdout).toMatch(/^gone\/x +unknown +unknown +unknown +unknown +ready$/m);
  const all = await goclaw("list", "--all");
  expect(all.stdout).toMatch(/^anthropic\/claude-\S+ .* not configured$/m);
  expect(all.stderr).toMatch(/^provider anthropic is not configured: .*ANTHROPIC_API_KEY/m);
});

test("test makes one call, measures it and prices it, without a daemon", async () => {
  const before = rig.stub.calls.length;
  const { code, stdout } = await goclaw("test", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ id: "stub/m", ok: true, answered_by: "m", input_tokens: 10, first_byte_ms: expect.any(Number) },
    cost_usd: expect.closeTo((10 * 100 + JSON.parse(stdout).output_tokens * 1_000) / 1_000_000, 9),
  });
  expect(rig.stub.calls.length - before).toBe(1);
  const words = await goclaw("test", "stub/other");
  expect([words.code, words.stdout]).toEqual([0, expect.stringMatching(/cost +unknown/)]);
});

test("test names the class and what to do, and exits with 1", async () => {
  rig.stub.use(() => ({ fault: "401" }));
  const refused = await goclaw("test", "stub/m");
  expect(refused.code).toBe(1);
  for (const piece of ["auth", "providers.stub.api_key"]) expect(refused.stdout).toContain(piece);
  expect(refused.stdout).not.toContain("sk-stub");
  const gone = (await goclaw("test", "gone", "--json")).json<{ ok: boolean; error: { class: string } }>();
  expect(gone).toMatchObject({ ok: false, error: { class: "network" } });
  const bare = (await goclaw("test", "anthropic", "--json")).json<{
    error: { class: string; message: string };
  }>();
  expect(bare.error).toMatchObject({
    class: "not_configured",
    message: expect.stringContaining("ANTHROPIC_API_KEY"),
  });
  expect((await goclaw("test", "anthropic")).stderr).toContain("Set the key in the environment");
  const unknown = await goclaw("test", "nobody/x");
  expect([unknown.code, unknown.stdout]).toEqual([1, ""]);
  expect(unknown.stderr).toContain("stub");
});

/** The taxonomy, but for what no provider does: a missing key, a used up limit of one's own, a cassette, an abort. */
const CLASSES = [
  ...["auth", "bad_request", "context_length", "malformed", "network", "overloaded"],
  ...["quota", "rate_limit", "refused", "timeout", "unsupported"],
];

test("the drill: each class of fault has the right survivor", async () => {
  const { code, stdout } = await goclaw("drill", "--json");
  const { ok, faults } = JSON.parse(stdout) as {
    ok: boolean;
    faults: { fault: string; class: string; answered_by: string | null; counted_failures: number }[];
  };
  expect([code, ok]).toEqual([0, true]);
  expect([...new Set(faults.map((row) => row.class))].sort()).toEqual(CLASSES);
  const nobody = faults.filter(({ answered_by }) => answered_by !== "backup");
  expect(nobody.map(({ fault, counted_failures }) => [fault, counted_failures])).toEqual([
    ["400", 0],
    ["too long", 0],
    ["refused", 0],
  ]);
});
