// Buying an answer: what providers counted is settled, with an answer and without one.

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type BuyPorts, buy } from "../../../src/brain/buy.ts";
import { createCatalog } from "../../../src/providers/catalog.ts";
import { failure, type ModelRequest, type Part } from "../../../src/providers/provider.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { BOOT, claimInput, enqueueInput, UNLIMITED } from "../../support/inputs.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
beforeEach(() => writer.clear());
afterAll(() => writer.close());

const priced = (id: string, usd: number) => ({
  ...{ id, contextWindow: 1_000, maxOutputTokens: 1_000 },
  price: { inputUsdPerMtok: 0, outputUsdPerMtok: usd },
});
const CATALOG = createCatalog([priced("p/m", 1_000), priced("q/n", 2_000)], () => 0);

const usage = (outputTokens: number, more: object = {}): Part => ({
  ...{ type: "usage", usage: { inputTokens: 1, outputTokens, cachedTokens: 0 } },
  ...more,
});
const seam: Part = {
  ...{ type: "seam", fromProvider: "p", fromModel: "m", toProvider: "q", toModel: "n" },
  ...{ errorClass: "network", message: "broke off", offset: 0 },
};
const end: Part = { type: "end", stopReason: "stop", model: "n", provider: "q" };

const request: ModelRequest = {
  model: "m",
  messages: [{ role: "user", text: "hi" }],
  tools: [],
  sampling: {},
};
let serial = 0;

/** A task whose model answers each request with the next script. */
function shop(...scripts: readonly Part[][]): { ports: BuyPorts; asked: ModelRequest[] } {
  writer.call(enqueue, enqueueInput(`t${++serial}`));
  const task = writer.call(claim, claimInput())[0]!;
  const asked: ModelRequest[] = [];
  const provider = {
    id: "p",
    stream: async function* (given: ModelRequest) {
      asked.push(given);
      yield* scripts[asked.length - 1] ?? [];
    },
  };
  const budget = { perDayUsd: 100, onLimit: "suspend" } as const;
  const purse = { ...UNLIMITED, budget, store: storeOf(writer), catalog: CATALOG, owner: BOOT };
  const links = [
    { provider: "p", model: "m" },
    { provider: "q", model: "n" },
  ] as const;
  const nowMs = (): number => writer.clock.nowMs();
  const signal = new AbortController().signal;
  return { ports: { task, provider, links, purse: { ...purse, nowMs }, signal }, asked };
}

const hearing = { onText: () => {}, onSeam: () => {} };
const lost = () =>
  writer.reader.all<object>(
    "SELECT provider, model, output_tokens AS tokens, cost_usd AS usd, error_class AS error FROM failed_calls ORDER BY at, id",
  );
const reserved = (): unknown => writer.reader.get("SELECT count(*) AS held FROM reservations");

test("a try that broke off after it was counted is priced apart from the answer of the next provider", async () => {
  const parts = [usage(3, { provider: "p", model: "m" }), seam, usage(5, { provider: "q", model: "n" }), end];
  const { ports } = shop(parts);
  const bought = await buy(ports, 0, request, hearing);
  expect(bought).toMatchObject({ answer: { usage: { outputTokens: 5 }, provider: "q" }, costUsd: 0.01 });
  expect(lost()).toEqual([{ provider: "p", model: "m", tokens: 3, usd: 0.003, error: "network" }]);
  // The answer settles it.
  expect(reserved()).toEqual({ held: 1 });
});

test("usage that grows is the usage of one try, and its last count is what is billed", async () => {
  const { ports } = shop([usage(1), usage(4), failure("refused", "no")]);
  expect(await buy(ports, 0, request, hearing)).toMatchObject({ failure: { errorClass: "refused" } });
  expect(lost()).toEqual([{ provider: "p", model: "m", tokens: 4, usd: 0.004, error: "refused" }]);
  expect(reserved()).toEqual({ held: 0 });
});

test.each([
  ["a stream that ends without saying so", [usage(2)], "malformed"],
  ["an aborted call", [usage(2), failure("aborted", "stopped")], "aborted"],
] as const)("%s is billed by what it counted", async (_what, parts, error) => {
  const { ports } = shop([...parts]);
  expect(await buy(ports, 0, request, hearing)).toMatchObject({ failure: { errorClass: error } });
  expect(lost()).toEqual([{ provider: "p", model: "m", tokens: 2, usd: 0.002, error }]);
});

test("a failure that nobody counted costs nothing and gives its reservation back", async () => {
  const { ports } = shop([failure("network", "gone")]);
  await buy(ports, 0, request, hearing);
  expect([lost(), reserved()]).toEqual([[], { held: 0 }]);
});

const heard: Part = { type: "text.delta", text: "abcdef" };
const unsaid = (): unknown =>
  writer.reader.all("SELECT usd, tokens FROM spend_totals WHERE scope LIKE 'task:%'");
const spentOnAll = (): unknown =>
  writer.reader.get("SELECT usd, tokens FROM spend_totals WHERE scope = 'all' AND period LIKE 'day:%'");

test("what was heard after the last count is unknown in reports, and counts against limits as an estimate", async () => {
  const { ports } = shop([usage(1), heard, failure("network", "gone")]);
  await buy(ports, 0, request, hearing);
  expect(lost()).toMatchObject([{ tokens: 1, usd: 0.001 }]);
  expect([spentOnAll(), reserved()]).toEqual([{ usd: 0.003, tokens: 4 }, { held: 0 }]);
  expect(unsaid()).toEqual([{ usd: 0.002, tokens: 2 }]);
});

test("what a chain's link said before anybody counted is estimated with that link's price", async () => {
  const from = { provider: "q", model: "n" };
  const { ports } = shop([heard, seam, heard, { ...failure("network", "gone"), from }]);
  await buy(ports, 0, request, hearing);
  expect(lost()).toEqual([
    { provider: "p", model: "m", tokens: null, usd: null, error: "network" },
    { provider: "q", model: "n", tokens: null, usd: null, error: "network" },
  ]);
  expect(spentOnAll()).toMatchObject({ usd: 0.006 });
});

test("what was heard before the last count is in it", async () => {
  const { ports } = shop([heard, usage(1), failure("refused", "no")]);
  await buy(ports, 0, request, hearing);
  expect([spentOnAll(), unsaid()]).toEqual([{ usd: 0.001, tokens: 2 }, []]);
});

test("the plain request is asked in place of a refused one, and both are paid for", async () => {
  const { ports, asked } = shop([usage(1), failure("bad_request", "no such mode")], [usage(2), end]);
  const output = { name: "answer", schema: {} };
  const bought = await buy(ports, 0, { ...request, output }, hearing, [request]);
  expect(bought).toMatchObject({ answer: { usage: { outputTokens: 2 } } });
  expect(asked.map((given) => given.output !== undefined)).toEqual([true, false]);
  expect(lost()).toMatchObject([{ tokens: 1, error: "bad_request" }]);
});

test("links whose provider is at its limit are named to the chain", async () => {
  const { ports, asked } = shop([usage(1, { provider: "q", model: "n" }), end]);
  const providerBudget = (id: string) =>
    id === "p" ? ({ perDayUsd: 0.001, onLimit: "fail" } as const) : undefined;
  await buy({ ...ports, purse: { ...ports.purse, providerBudget } }, 0, request, hearing);
  expect(asked).toMatchObject([{ passOver: [{ provider: "p", model: "m" }] }]);
});

test("nothing is reserved for a link that cannot be asked, and its unknown price is in nobody's way", async () => {
  const { ports } = shop([usage(5, { provider: "q", model: "n" }), end], [usage(1), end]);
  const links = [
    { provider: "unpriced", model: "m" },
    { provider: "q", model: "n" },
  ] as const;
  const able = { ...ports.provider, linksFor: () => [links[1]] };
  expect(await buy({ ...ports, links, provider: able }, 0, request, hearing)).toMatchObject({
    costUsd: 0.01,
  });
  expect(await buy({ ...ports, links }, 1, request, hearing)).toMatchObject({
    outcome: { code: "BUDGET_UNPRICED" },
  });
});
