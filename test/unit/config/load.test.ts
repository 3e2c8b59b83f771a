// config.yaml to Config: defaults, precedence, and every refusal with its place and remedy.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig, lookedForKeys } from "../../../src/config/load.ts";
import { resolveHome, resolvePaths } from "../../../src/config/paths.ts";
import { complaint, load, refusal, tempHome } from "./home.ts";

test("without a file every key has its default, in milliseconds and bytes", () => {
  expect(loadConfig({ paths: tempHome(), env: {} })).toMatchObject({
    workerCount: 4,
    taskTimeoutMs: 600_000,
    maxAttempts: 3,
    leaseMs: 30_000,
    retry: { baseMs: 1000, maxMs: 30_000 },
    maxQueueDepth: 1000,
    drainTimeoutMs: 5000,
    bindAddr: "127.0.0.1:18789",
    bind: { host: "127.0.0.1", port: 18789, loopback: true },
    logLevel: "info",
    llm: { provider: "openai", model: "gpt-6-luna", explicit: false },
    gateway: { maxRequestBytes: 10_485_760, allowRemote: false },
  });
});

test.each(["", "# nothing\n", "---\n", "retry:\nagents:\nproviders:\n  openai:\n"])(
  "%j is a valid empty file",
  (text) => {
    expect(load(text).fingerprint).toBe(load("").fingerprint);
  },
);

test("a flag beats the environment, the environment beats .env, .env beats the file", () => {
  const paths = tempHome("worker_count: 2\nlog_level: warn\nlease_seconds: 0.25\ndrain_timeout_seconds: 1\n");
  writeFileSync(paths.dotEnv, "GOCLAW_DRAIN_TIMEOUT_SECONDS=2\nGOCLAW_LOG_LEVEL=error\n");
  const env = { GOCLAW_WORKER_COUNT: "3", GOCLAW_LOG_LEVEL: "debug", GOCLAW_TASK_TIMEOUT_SECONDS: "1.5" };
  const config = loadConfig({ paths, env, flags: { worker_count: 5, bind_addr: "[::1]:0" } });
  expect(config).toMatchObject({
    workerCount: 5,
    logLevel: "debug",
    leaseMs: 250,
    drainTimeoutMs: 2000,
    taskTimeoutMs: 1500,
    bind: { host: "::1", port: 0 },
  });
});

test("an empty variable is an unset one", () => {
  expect(load("worker_count: 2", { GOCLAW_WORKER_COUNT: "" }).workerCount).toBe(2);
});

test("numbers are those of YAML 1.2: 010 is ten", () => {
  expect(load("worker_count: 010").workerCount).toBe(10);
});

test("a variable stands for a number or a truth value as well", () => {
  const text = "worker_count: ${LANES:-7}\ngateway: { allow_remote: '${REMOTE}' }\nbind_addr: ${BIND}";
  expect(load(text, { REMOTE: "true", BIND: "0.0.0.0:1" })).toMatchObject({
    workerCount: 7,
    bindAddr: "0.0.0.0:1",
  });
});

test("every problem is reported at once, with file, line, column, key and remedy", () => {
  const text =
    "wrker_count: 3\nretry:\n  base_ms: abc\n  max_ms: 5\nlog_level: inf\nagents:\n  - agent_id: a\n    tols: []\n";
  expect(complaint(text).split("\n  ")).toEqual([
    "the configuration has 5 problems:",
    "config.yaml:1:1 wrker_count: unknown key (nearest: worker_count) — rename it to worker_count or remove it",
    'config.yaml:3:12 retry.base_ms: must be a whole number, not "abc" — write a whole number, for example 1000',
    'config.yaml:5:12 log_level: "inf" is not a choice (allowed: debug, info, warn, error) — write info',
    "config.yaml:8:5 agents.0.tols: unknown key (nearest: tools) — rename it to tools or remove it",
    "config.yaml:4:11 retry.max_ms: 5 is below retry.base_ms (1000) — raise it or lower retry.base_ms",
  ]);
});

test.each([
  ["a: [", "config.yaml:1:5"],
  ["worker_count: 1\nworker_count: 2", "2:1: key worker_count is written twice"],
  ["__proto__: { worker_count: 1 }", "1:1 __proto__: this key is refused everywhere"],
  ["providers:\n  constructor: { base_url: http://h }", "2:3 providers.constructor: this key is refused"],
  ["llm: { prototype: 1 }", "1:8 llm.prototype: this key is refused"],
  ["worker_count: !int 4", "Unresolved tag"],
  ["<<: { worker_count: 1 }", "<<: unknown key"],
  ["a: &a [*a]", "nested more than 32 deep"],
  ["--- \nworker_count: 1\n---\nworker_count: 2", "a second document starts here"],
  ["- 1", "must be a set of `key: value` lines, not a list"],
  ["worker_count: 0", "1:15 worker_count: 0 is out of range (allowed: 1 to 256) — use at least 1"],
  ["lease_seconds: 0.1", "use at least 0.2"],
  ["lease_seconds: .nan", "must be a number, not NaN"],
  ["worker_count: 1.5", "must be a whole number, not 1.5"],
  ["bind_addr: ${", "a `${` does not start a variable reference"],
  ["bind_addr: localhost", "is not HOST:PORT"],
  ["llm: { provider: opnai }", 'no provider is called "opnai" (nearest: openai)'],
  ["tools: { send_alert: { webhook_url: 'ftp://h' } }", "is not an http or https URL"],
])("%j is refused", (text, words) => {
  expect(complaint(text)).toContain(words);
});

test("a problem in a variable or a flag names the variable or the flag", () => {
  expect(complaint("", { GOCLAW_WORKER_COUNT: "many" })).toMatch(
    /^environment variable GOCLAW_WORKER_COUNT worker_count: must be a whole number, not "many"/,
  );
  expect(complaint("", {}, { flags: { bind_addr: "nowhere" } })).toMatch(
    /^--bind bind_addr: "nowhere": is not HOST:PORT/,
  );
});

test("an address that others can reach is CONFIG_UNSAFE unless it is allowed", () => {
  const paths = tempHome("bind_addr: 0.0.0.0:0");
  const error = refusal(() => loadConfig({ paths, env: {} }));
  expect(error.code).toBe("CONFIG_UNSAFE");
  expect(error.message).toContain("gateway.allow_remote");
  expect(load("bind_addr: 0.0.0.0:0\ngateway: { allow_remote: true }").bind.loopback).toBe(false);
});

test("a broken .env is a problem with its line", () => {
  const paths = tempHome("");
  writeFileSync(paths.dotEnv, "A=1\nwhat is this\n");
  expect(refusal(() => loadConfig({ paths, env: {} })).message).toContain(
    ".env:2:1: the line is not KEY=VALUE",
  );
});

test("a config.yaml that is a directory, not UTF-8 or too large is CONFIG_INVALID", () => {
  for (const spoil of [
    (file: string) => mkdirSync(file),
    (file: string) => writeFileSync(file, Buffer.from([0x61, 0x3a, 0xff])),
    (file: string) => writeFileSync(file, "#".repeat(5_000_000)),
    (file: string) => writeFileSync(file, "#".repeat(2_000_000)),
  ]) {
    const paths = tempHome();
    spoil(paths.config);
    expect(refusal(() => loadConfig({ paths, env: {} }))).toMatchObject({ code: "CONFIG_INVALID" });
  }
});

test("a config is frozen through and through and can be handed to a thread", () => {
  const config = load("");
  expect(() => Object.assign(config.retry, { baseMs: 1 })).toThrow(TypeError);
  expect(() => Object.assign(config.agents[0] ?? {}, { id: "x" })).toThrow(TypeError);
  expect(structuredClone(config)).toEqual(config);
});

test("the fingerprint follows behaviour and ignores secrets", () => {
  const text = (key: string, lanes: number): string =>
    `worker_count: ${lanes}\nproviders: { openai: { api_key: ${key} } }\ntools: { send_alert: { webhook_url: 'http://h/${key}' } }`;
  expect(load(text("aaa", 1)).fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(load(text("aaa", 1)).fingerprint).toBe(load(text("bbb", 1)).fingerprint);
  expect(load(text("aaa", 1)).fingerprint).not.toBe(load(text("aaa", 2)).fingerprint);
});

test("a secret never shows up in a message", () => {
  const text = "providers:\n  openai:\n    api_key: [sk-secret]\n    base_url: ftp://u:sk-secret@h\n";
  expect(complaint(text)).not.toContain("sk-secret");
});

test("somebody without a key is told every place that was looked at", () => {
  expect(lookedForKeys(load(""))).toEqual([
    "ANTHROPIC_API_KEY",
    "providers.anthropic.api_key",
    "GEMINI_API_KEY",
    "providers.google.api_key",
    "OPENAI_API_KEY",
    "providers.openai.api_key",
    "OPENROUTER_API_KEY",
    "providers.openrouter.api_key",
  ]);
  expect(lookedForKeys(load("llm: { provider: openrouter }"))).toEqual([
    "OPENROUTER_API_KEY",
    "providers.openrouter.api_key",
  ]);
  expect(lookedForKeys(load("", { OPENROUTER_API_KEY: "k" }))).toEqual([]);
  expect(lookedForKeys(load("llm: { provider: replay }"))).toEqual([]);
});

test("the home is the flag, else GOCLAW_HOME, else ~/.goclaw", () => {
  expect(resolveHome({ GOCLAW_HOME: "/a" }, "/b")).toBe("/b");
  expect(resolveHome({ GOCLAW_HOME: "/a" })).toBe("/a");
  expect(resolveHome({ GOCLAW_HOME: "" })).toMatch(/\/\.goclaw$/);
  expect(resolvePaths("/a").daemonJson).toBe(join("/a", "run", "daemon.json"));
});
