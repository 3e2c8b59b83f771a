// Providers: built-in ones, own servers, where keys come from and why one is not configured.

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { findProvider } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { complaint, load, tempHome } from "./home.ts";

const reason = (config: Config, id: string): string | undefined => findProvider(config, id)?.missingReason;

test("the built-in providers are always there, and replay needs no key", () => {
  const config = load("");
  expect(config.providers.map((provider) => provider.id)).toEqual([
    ...["anthropic", "google", "openai", "openrouter", "ollama", "replay"],
  ]);
  expect(findProvider(config, "openrouter")).toMatchObject({
    type: "openai_compatible",
    baseUrl: "https://openrouter.ai/api/v1",
    models: ["openai/gpt-6-luna"],
    timeoutMs: 300_000,
  });
  expect(findProvider(config, "openai")?.baseUrl).toBeUndefined();
  expect(findProvider(config, "replay")).toMatchObject({ type: "replay", models: ["demo"] });
  expect(reason(config, "replay")).toBeUndefined();
  expect(reason(config, "openai")).toContain("looked for OPENAI_API_KEY, providers.openai.api_key");
});

test("a key from the environment beats the file's, and .env serves as well", () => {
  const paths = tempHome("providers: { openai: { api_key: from-file } }");
  expect(findProvider(loadConfig({ paths, env: { OPENAI_API_KEY: "real" } }), "openai")?.apiKey).toBe("real");
  expect(findProvider(loadConfig({ paths, env: {} }), "openai")?.apiKey).toBe("from-file");
  writeFileSync(paths.dotEnv, "OPENAI_API_KEY='dot'\nOPENAI_BASE_URL=http://127.0.0.1:9/v1\n");
  expect(findProvider(loadConfig({ paths, env: {} }), "openai")).toMatchObject({
    apiKey: "dot",
    baseUrl: "http://127.0.0.1:9/v1",
  });
});

test("a key whose variable is unset leaves the provider unconfigured, with the variable's name", () => {
  const config = load("providers: { openai: { api_key: '${MY_KEY}', base_url: 'http://127.0.0.1:9/v1' } }");
  expect(findProvider(config, "openai")?.apiKey).toBeUndefined();
  expect(reason(config, "openai")).toContain("looked for OPENAI_API_KEY, MY_KEY, providers.openai.api_key");
  expect(reason(load("providers: { openai: { api_key: '' } }"), "openai")).toContain("not configured");
});

test("a server of one's own needs no key, and its first model is the default", () => {
  const config = load(
    "llm: { provider: local }\nproviders: { local: { base_url: 'http://127.0.0.1:9/v1', models: [m, n] } }",
  );
  expect(config.llm).toMatchObject({ provider: "local", model: "m", explicit: true });
  expect(findProvider(config, "local")).toMatchObject({
    type: "openai_compatible",
    missingReason: undefined,
  });
});

test("a base_url whose variable is unset leaves the provider unconfigured", () => {
  const config = load("providers: { local: { base_url: '${LOCAL_URL}', models: [m] } }");
  expect(reason(config, "local")).toContain("base_url names LOCAL_URL, which is not set");
});

test("any provider's base_url can be changed, and a built-in one's type cannot", () => {
  const config = load("providers: { openrouter: { api_key: k, base_url: 'http://127.0.0.1:9/v1' } }");
  expect(findProvider(config, "openrouter")?.baseUrl).toBe("http://127.0.0.1:9/v1");
  expect(complaint("providers: { openai: { type: replay } }")).toContain("(allowed: openai_compatible)");
});

test("OpenAI is asked by Responses where it may choose, servers that stand in for it by chat", () => {
  const api = (text: string, id = "openai") => findProvider(load(text), id)?.api;
  const at = (url: string, more = "") => `providers: { openai: { base_url: '${url}'${more} } }`;
  expect(api("")).toBe("either");
  expect(api(at("https://api.openai.com/v1"))).toBe("either");
  expect(api("providers: { openai: { api: chat } }")).toBe("chat");
  expect(api(at("http://127.0.0.1:9/v1"))).toBe("chat");
  expect(api(at("http://127.0.0.1:9/v1", ", api: responses"))).toBe("responses");
  expect(api("", "openrouter")).toBe("chat");
  const own = "providers: { local: { base_url: 'http://h/v1', api: responses, reasoning_summary: auto } }";
  expect(findProvider(load(own), "local")).toMatchObject({ api: "responses", reasoningSummary: "auto" });
  expect(complaint("providers: { openai: { api: completions } }")).toContain("(allowed: chat, responses)");
  expect(complaint("providers: { anthropic: { api: chat } }")).toContain("unknown key");
});

test.each([
  ["providers: { local: {} }\n", "needs a base_url"],
  ["providers: { local: { base_url: nowhere } }", "is not an http or https URL"],
  ["providers: { local: { base_url: 'http://u:p@h/v1' } }", "contains a user name or password"],
  ["providers: { Local: { base_url: 'http://h' } }", "this id is not allowed"],
  ["providers: { openai: { apikey: x } }", "providers.openai.apikey: unknown key (nearest: api_key)"],
  [
    "llm: { provider: local }\nproviders: { local: { base_url: 'http://h' } }",
    "no model is named for this provider",
  ],
])("%j is refused", (text, words) => {
  expect(complaint(text)).toContain(words);
});

test("without llm.provider the first provider with a key is used, else openai", () => {
  expect(load("").llm.provider).toBe("openai");
  expect(load("", { OPENROUTER_API_KEY: "k" }).llm).toMatchObject({
    provider: "openrouter",
    model: "openai/gpt-6-luna",
  });
  expect(load("", { OPENROUTER_API_KEY: "k", OPENAI_API_KEY: "k" }).llm.provider).toBe("openai");
  expect(load("llm: { model: gpt-x }", { OPENAI_API_KEY: "k" }).llm.model).toBe("gpt-x");
});
