// Searching the web: who is asked in which order, with which key, and what is said when nobody knows.

import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { SearchEngineId, SearchSettings } from "../../../src/domain/search.ts";
import { webSearch } from "../../../src/tools/web-search.ts";
import {
  braveBody,
  duckduckgoPage,
  perplexityBody,
  type SearchServer,
  startSearchServer,
} from "../../support/search-servers.ts";
import { toolContext } from "../../support/tool-context.ts";
import { createWeb } from "../../support/web.ts";

let servers: Record<SearchEngineId, SearchServer>;
beforeEach(async () => {
  servers = {
    brave: await startSearchServer(200, braveBody(9)),
    perplexity: await startSearchServer(200, perplexityBody(2)),
    duckduckgo: await startSearchServer(200, duckduckgoPage(7), "text/html; charset=UTF-8"),
  };
  return async () => void (await Promise.all(Object.values(servers).map((server) => server.close())));
});

const settingsOf = (...order: SearchEngineId[]): SearchSettings =>
  order.map((id) => ({ id, apiKey: `key-of-${id}`, baseUrl: servers[id].url }));
const search = (settings: SearchSettings, query = "duck & geese") =>
  webSearch.run({ query }, toolContext("", { search: settings }));
const found = async (settings: SearchSettings) =>
  JSON.parse((await search(settings)).text) as { provider: string | null; results: object[]; note?: string };

test("Brave: at most five results, in plain text, asked with its own key", async () => {
  const { provider, results } = await found(settingsOf("brave", "perplexity", "duckduckgo"));
  expect(provider).toBe("brave");
  expect(results).toHaveLength(5);
  expect(results[0]).toEqual({
    title: "Brave duck 0",
    url: "https://brave.example/0",
    snippet: 'About "ducks" & more 0',
  });
  expect(servers.brave.asked).toMatchObject([
    { path: "/res/v1/web/search?q=duck+%26+geese&count=5", key: "key-of-brave" },
  ]);
  expect(servers.perplexity.asked).toEqual([]);
});

test("Perplexity: its answer is the first snippet, its sources are the results", async () => {
  const { provider, results } = await found(settingsOf("perplexity", "brave"));
  expect(provider).toBe("perplexity");
  expect(results).toEqual([
    { title: "Source 0", url: "https://perplexity.example/0", snippet: "Ducks quack.[1]" },
    { title: "Source 1", url: "https://perplexity.example/1", snippet: "" },
  ]);
  expect(servers.perplexity.asked).toMatchObject([
    { path: "/chat/completions", key: "Bearer key-of-perplexity" },
  ]);
  expect(JSON.parse(servers.perplexity.asked[0]!.body)).toEqual({
    model: "sonar",
    messages: [{ role: "user", content: "duck & geese" }],
  });
});

test("DuckDuckGo: results of its page, without its redirector and its advertisements", async () => {
  const { provider, results } = await found(settingsOf("duckduckgo"));
  expect(provider).toBe("duckduckgo");
  expect(results).toHaveLength(5);
  expect(results[0]).toEqual({
    title: "A duck 0",
    url: "https://ddg.example/0?a=1&b=2",
    snippet: "It quacks & swims 0",
  });
  expect(servers.duckduckgo.asked[0]).toMatchObject({ path: "/html/?q=duck+%26+geese", key: "" });
});

test.each([
  ["an error status", () => servers.brave.say(429, "slow down")],
  ["no JSON", () => servers.brave.say(200, "<html>")],
  ["JSON of another shape", () => servers.brave.say(200, '{"web":[1]}')],
  ["a JSON list", () => servers.brave.say(200, "[]")],
  ["no results", () => servers.brave.say(200, braveBody(0))],
  ["a redirect", () => servers.brave.say(302, "")],
  [
    "results that are no web addresses",
    () => servers.brave.say(200, braveBody(3).replaceAll("https://", "file://")),
  ],
  ["more than 2 MB", () => servers.brave.say(200, `"${"a".repeat(3_000_000)}"`)],
  ["nothing, because it is gone", () => servers.brave.close()],
])("an engine that answers with %s is passed over", async (_, spoil) => {
  await spoil();
  expect(await found(settingsOf("brave", "perplexity"))).toMatchObject({ provider: "perplexity" });
});

test("an engine without its key is not asked", async () => {
  const [brave, ...others] = settingsOf("brave", "duckduckgo");
  expect(await found([{ ...brave!, apiKey: undefined }, ...others])).toMatchObject({
    provider: "duckduckgo",
  });
  expect(servers.brave.asked).toEqual([]);
});

test("when none has results that is said, with who was asked", async () => {
  servers.brave.say(500, "broken");
  servers.duckduckgo.say(200, duckduckgoPage(0));
  const answer = await found(settingsOf("brave", "duckduckgo"));
  expect(answer).toMatchObject({ provider: null, results: [] });
  expect(answer.note).toMatch(/brave: status 500; duckduckgo: no results/);
});

test("when every engine fails the tool has failed, and says with what", async () => {
  servers.brave.say(500, "broken");
  servers.duckduckgo.say(
    200,
    '<div class="anomaly-modal__title">Unfortunately, bots use DuckDuckGo too.</div>',
  );
  const outcome = await search(settingsOf("brave", "duckduckgo"));
  expect(outcome).toMatchObject({ type: "failed" });
  expect(outcome.text).toMatch(/brave: status 500; duckduckgo: it asks whether a person is searching/);
  expect(outcome.text).not.toContain("key-of-brave");
});

test("without an address of the operator's the vendor's is asked, and it must be public", async () => {
  const web = await createWeb();
  onTestFinished(() => web.close());
  web.point("html.duckduckgo.com", ["127.0.0.1"]);
  const settings: SearchSettings = [{ id: "duckduckgo", apiKey: undefined, baseUrl: undefined }];
  const outcome = await webSearch.run(
    { query: "x" },
    toolContext("", { search: settings, egress: web.egress }),
  );
  expect(outcome).toMatchObject({ type: "failed", text: expect.stringContaining("127.0.0.1") });
  expect(web.lookups).toEqual(["html.duckduckgo.com"]);
  expect(web.canary).toEqual([]);
});
