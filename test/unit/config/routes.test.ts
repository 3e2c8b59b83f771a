// Tiers, limits a day and rules of routing in config.yaml: what they become, and how each mistake is named.

import { expect, test } from "vitest";
import { complaint, load } from "./home.ts";

const TIERS = "tiers: { light: [openai/l], heavy: [anthropic/h, openai/l] }";
const withRouting = (routing: string): string => `llm:\n  ${TIERS}\n  routing: ${routing}\n`;

test("without tiers nothing is routed; with tiers there are heuristics and a default", () => {
  expect(load("").llm.routes).toBeNull();
  const { routes } = load(`llm: { ${TIERS} }`).llm;
  expect(routes).toMatchObject({
    ...{ rules: [], classifier: null, fallback: { tier: "light" } },
    tiers: { heavy: [{ provider: "anthropic", model: "h" }, { provider: "openai" }] },
  });
  const tools = routes?.heuristics.find(({ name }) => name === "tools");
  expect(tools?.to).toBeUndefined();
  expect(load(withRouting("{ heuristics: [] }")).llm.routes?.heuristics).toEqual([]);
});

test("an agent and llm itself may name a tier or auto; the first usable link stands for it", () => {
  const env = { OPENAI_API_KEY: "k" };
  const text = `llm: { model: auto, ${TIERS} }\nagents: [{ agent_id: a, model: "tier:heavy" }, { agent_id: b, model: m, provider: openai }]`;
  const { agents, llm } = load(text, env);
  expect(llm).toMatchObject({ provider: "openai", model: "l", routed: "auto" });
  expect(agents.map(({ id, provider, model, routed }) => [id, provider, model, routed])).toEqual([
    ["default", "openai", "l", "auto"],
    ["a", "openai", "l", "tier:heavy"],
    ["b", "openai", "m", undefined],
  ]);
});

test("a rule's fields, its target and the fallbacks behind one model", () => {
  const rule = `{ name: big, when: { headers: { X-Job: "n*" }, any: [{ model: "gpt-*" }] }, use: google/g }`;
  const { routes } = load(
    `llm:\n  ${TIERS}\n  fallback_providers: [openai/f]\n  routing: { rules: [${rule}] }`,
  ).llm;
  expect(routes?.rules).toEqual([
    {
      name: "big",
      when: { headers: { "x-job": "n*" }, any: [{ model: "gpt-*" }] },
      to: {
        tier: null,
        chain: [
          { provider: "google", model: "g" },
          { provider: "openai", model: "f" },
        ],
      },
    },
  ]);
});

test.each([
  ["llm: { tiers: { hevy: [openai/l] } }", /config.yaml:1:\d+ llm.tiers.hevy: unknown key .*nearest: heavy/],
  [
    "llm: { tiers: { light: [opnai/l] } }",
    /llm.tiers.light.0: no provider is called "opnai" \(nearest: openai\)/,
  ],
  ["llm: { tiers: { light: [] }, model: auto }", /llm.model: auto needs tiers/],
  [`llm: { ${TIERS}, daily_limits: { opnai: 5 } }`, /llm.daily_limits.opnai: no provider .*nearest: openai/],
  [`llm: { ${TIERS}, daily_limits: { openai: -1 } }`, /llm.daily_limits.openai: -1 is out of range/],
  [
    `llm: { ${TIERS}, model: "tier:hevy" }`,
    /llm.model: no tier is called "hevy" \(nearest: heavy\) — write heavy/,
  ],
  [
    `llm: { ${TIERS}, model: auto, provider: openai }`,
    /llm.provider: a provider is named beside model: auto/,
  ],
  [
    `llm: { ${TIERS} }\nagents:\n  - agent_id: a\n    model: tier:local`,
    /config.yaml:4:12 agents.0.model: the tier local has no chain — add llm.tiers.local/,
  ],
  [
    `llm: { ${TIERS} }\nagents:\n  - { agent_id: a, model: auto, provider: openai }`,
    /agents.0.provider: a provider is named beside model: auto/,
  ],
  ["llm: { routing: { default: light } }", /llm.routing.default: the tier light has no chain/],
  ["llm: { routing: { rules: [{ when: { agent: a }, use: light }] } }", /llm.routing: there are no tiers/],
  [withRouting("{ default: medium }"), /llm.routing.default: the tier medium has no chain/],
  [
    withRouting("{ rules: [{ when: { agent: a }, use: hevy }] }"),
    /rules.0.use: no tier is called "hevy" \(nearest: heavy\)/,
  ],
  [
    withRouting("{ rules: [{ when: { agent: a }, use: nobody/x }] }"),
    /rules.0.use: no provider is called "nobody"/,
  ],
  [withRouting("{ rules: [{ use: light }] }"), /rules.0.when: says nothing, so it would fit every request/],
  [withRouting("{ rules: [{ when: { any: [] }, use: light }] }"), /rules.0.when.any: is empty/],
  [withRouting("{ rules: [{ when: { keywords: [a] }, use: light }] }"), /rules.0.when.keywords: unknown key/],
  [
    withRouting("{ rules: [{ when: { headers: { Authorization: x } }, use: light }] }"),
    /carries a credential/,
  ],
  [
    withRouting("{ heuristics: [{ when: { keywords: [a], min_matches: 2 }, use: light }] }"),
    /min_matches: 2 is more than there are keywords \(1\)/,
  ],
  [
    withRouting("{ heuristics: [{ when: { tokens_above: 5, tokens_below: 6 }, use: light }] }"),
    /no size is above 5 and below 6/,
  ],
  [withRouting("{ classifier: { model: tier:hevy } }"), /classifier.model: no tier is called "hevy"/],
])("%s", (text, expected) => {
  expect(complaint(text)).toMatch(expected);
});

test("a header that a rule looks at is part of the fingerprint; one that an MCP server is sent is a secret", () => {
  const ruled = (value: string): string =>
    load(withRouting(`{ rules: [{ name: r, when: { headers: { x-job: ${value} } }, use: heavy }] }`))
      .fingerprint;
  expect(ruled("night")).not.toBe(ruled("day"));
  const sent = (value: string): string =>
    load(`mcp: { servers: [{ name: s, url: "http://127.0.0.1:9/", headers: { x-key: ${value} } }] }`)
      .fingerprint;
  expect(sent("night")).toBe(sent("day"));
});
