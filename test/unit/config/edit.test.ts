// `config get`, `set` and `unset` on real files: one line changes, refused edits write nothing, secrets stay hidden.

import { readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { getValue, setValue, unset } from "../../../src/config/edit.ts";
import type { Paths } from "../../../src/config/paths.ts";
import { refusal, tempHome } from "./home.ts";

const TEXT = `# top
worker_count: 4   # lanes

retry:   # how
    base_ms: 10  # b
    # inner
# before agents
agents:
  - agent_id: a   # first
    soul: |
      hello
      there
  # second
  - agent_id: b
llm: { provider: openai } # flow
providers:
  # openai:
  #   api_key: x
`;

const textOf = (paths: Paths): string => readFileSync(paths.config, "utf8");

/** The lines that a change took away and added. */
function difference(change: (paths: Paths) => void): string[] {
  const paths = tempHome(TEXT);
  change(paths);
  const before = TEXT.split("\n");
  const after = textOf(paths).split("\n");
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
  ];
}

test.each([
  ["worker_count", "8", ["-worker_count: 4   # lanes", "+worker_count: 8   # lanes"]],
  ["retry.base_ms", "20", ["-    base_ms: 10  # b", "+    base_ms: 20  # b"]],
  ["retry.max_ms", "50", ["+    max_ms: 50"]],
  ["agents.0.model", "gpt: 4", ['+    model: "gpt: 4"']],
  ["agents.2.agent_id", "c", ["+  - agent_id: c"]],
  ["agents.1.tools", "[now, write_note]", ["+    tools: [now, write_note]"]],
  [
    "llm.model",
    "gpt-4o",
    ["-llm: { provider: openai } # flow", "+llm: { provider: openai, model: gpt-4o } # flow"],
  ],
  ["providers.openai.api_key", "${MY_KEY}", ["+  openai:", '+    api_key: "${MY_KEY}"']],
  ["gateway.max_request_size", "2048", ["+gateway:", "+  max_request_size: 2048"]],
  ["log_level", '"warn"', ["+log_level: warn"]],
])("setting %s to %s changes nothing else", (key, value, lines) => {
  expect(difference((paths) => setValue(paths, key, value, {}))).toEqual(lines);
});

test.each([
  ["worker_count", ["-worker_count: 4   # lanes"]],
  ["retry.base_ms", ["-    base_ms: 10  # b"]],
  ["agents.0.soul", ["-    soul: |", "-      hello", "-      there"]],
  ["llm.provider", ["-llm: { provider: openai } # flow", "+llm: {} # flow"]],
  ["log_level", []],
])("unsetting %s changes nothing else", (key, lines) => {
  expect(difference((paths) => unset(paths, key, {}))).toEqual(lines);
});

test("a list entry can go, and the last one leaves an empty list behind", () => {
  const paths = tempHome("agents:\n  # only\n  - agent_id: a\n");
  unset(paths, "agents.0", {});
  expect(getValue(paths, "agents", {}).value).toEqual([]);
});

test("a file that is absent, empty or only comments takes a first key", () => {
  for (const [before, after] of [
    [undefined, "retry:\n  base_ms: 5\n"],
    ["", "retry:\n  base_ms: 5\n"],
    ["# words", "# words\nretry:\n  base_ms: 5\n"],
  ] as const) {
    const paths = tempHome(before);
    setValue(paths, "retry.base_ms", "5", {});
    expect(textOf(paths)).toBe(after);
    expect(statSync(paths.config).mode & 0o777).toBe(0o600);
  }
});

test("it is said whether anything changed", () => {
  const paths = tempHome("worker_count: 1\n");
  expect(setValue(paths, "worker_count", "1", {})).toBe(false);
  expect(setValue(paths, "worker_count", "2", {})).toBe(true);
  expect(unset(paths, "worker_count", {})).toBe(true);
  expect(unset(paths, "worker_count", {})).toBe(false);
});

test("line ends of another system are kept", () => {
  const paths = tempHome("worker_count: 1\r\n# note\r\n");
  setValue(paths, "log_level", "warn", {});
  expect(textOf(paths)).toBe("worker_count: 1\r\n# note\r\nlog_level: warn\r\n");
});

test.each([
  ["wroker_count", "1", "(nearest: worker_count)"],
  ["retry.bse_ms", "1", 'retry has no key "bse_ms" (nearest: base_ms)'],
  ["retry.base_ms.x", "1", "has no keys below it"],
  ["agents.x.model", "1", "agents is a list and takes a number"],
  ["providers.__proto__.type", "1", "has no key"],
  ["", "1", "has no key"],
  ["worker_count", "many", "must be a whole number"],
  ["worker_count", "[1", "is not a YAML value"],
  ["worker_count", "", "the value is empty"],
  ["agents.5.agent_id", "x", "the file's structure does not allow this change"],
  ["agents.1.agent_id", "a", "another agent is already called a"],
  ["retry.max_ms", "1", "below retry.base_ms"],
  ["bind_addr", "0.0.0.0:1", "gateway.allow_remote"],
])("setting %s to %j is refused and writes nothing", (key, value, words) => {
  const paths = tempHome(TEXT);
  expect(refusal(() => setValue(paths, key, value, {})).message).toContain(words);
  expect(textOf(paths)).toBe(TEXT);
});

test("a value shared through an alias is not changed behind one's back", () => {
  const text = "task_timeout_seconds: &t 5\ndrain_timeout_seconds: *t\nllm: &l { model: m }\n";
  const paths = tempHome(text);
  expect(refusal(() => setValue(paths, "task_timeout_seconds", "6", {})).message).toContain(
    "edit the file by hand",
  );
  expect(textOf(paths)).toBe(text);
});

test("a broken file is reported and stays as it is", () => {
  const paths = tempHome("a: [");
  expect(refusal(() => setValue(paths, "worker_count", "1", {})).message).toContain("config.yaml:1");
  expect(textOf(paths)).toBe("a: [");
});

test("a config.yaml that is a symbolic link stays one", () => {
  const real = tempHome("worker_count: 1\n");
  const paths = tempHome();
  symlinkSync(real.config, paths.config);
  setValue(paths, "worker_count", "2", {});
  expect(readFileSync(join(real.home, "config.yaml"), "utf8")).toBe("worker_count: 2\n");
});

test("a value is shown with where it comes from, and a secret is not shown", () => {
  const paths = tempHome("worker_count: 2\nproviders: { openai: { api_key: sk-1, models: [m] } }\n");
  const env = { GOCLAW_LOG_LEVEL: "debug" };
  expect(getValue(paths, "worker_count", env)).toEqual({ value: 2, origin: "file" });
  expect(getValue(paths, "max_attempts", env)).toEqual({ value: 3, origin: "default" });
  expect(getValue(paths, "log_level", env)).toEqual({ value: "debug", origin: "environment" });
  expect(getValue(paths, "retry", env).value).toEqual({ base_ms: 1000, max_ms: 30_000 });
  expect(getValue(paths, "providers.openai.api_key", env).value).toBe("[secret]");
  expect(JSON.stringify(getValue(paths, "providers", env).value)).not.toContain("sk-1");
  expect(getValue(paths, "llm.model", env)).toEqual({ value: undefined, origin: "default" });
});
