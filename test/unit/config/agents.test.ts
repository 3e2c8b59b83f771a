// Agents from the configuration: who exists, whose limits and models they take, and where their words come from.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { Agent } from "../../../src/domain/agent.ts";
import { complaint, load, refusal, tempHome } from "./home.ts";

const ids = (config: Config): string[] => config.agents.map((agent) => agent.id);
const agent = (config: Config, id: string): Agent | undefined =>
  config.agents.find((known) => known.id === id);

test("default comes first, with the starters when agents is absent and alone when it is empty", () => {
  expect(ids(load(""))).toEqual(["default", "coder", "researcher", "writer"]);
  expect(ids(load("agents: []"))).toEqual(["default"]);
  expect(ids(load("agents: [{ agent_id: a }]"))).toEqual(["default", "a"]);
  expect(ids(load("agents: [{ agent_id: a }, { agent_id: default, max_turns: 2 }]"))).toEqual([
    "default",
    "a",
  ]);
});

test("an agent takes the global limits unless it has its own", () => {
  const config = load(
    "max_queue_depth: 7\ntask_timeout_seconds: 9\nagents:\n  - agent_id: a\n  - { agent_id: b, max_queue_depth: 0, task_timeout_seconds: 1.5, worker_count: 2, max_turns: 3, tools: [now], display_name: Bee }\n",
  );
  expect(agent(config, "a")).toMatchObject({
    displayName: "a",
    maxQueueDepth: 7,
    taskTimeoutMs: 9000,
    workerCount: null,
    maxTurns: 24,
    tools: null,
  });
  expect(agent(config, "b")).toMatchObject({
    displayName: "Bee",
    maxQueueDepth: 0,
    taskTimeoutMs: 1500,
    workerCount: 2,
    maxTurns: 3,
    tools: ["now"],
  });
});

test("an agent with its own provider never takes the model of another", () => {
  const config = load(
    "llm: { provider: openai, model: gpt-x }\nagents:\n  - { agent_id: a, provider: openrouter }\n  - { agent_id: b, model: m }\n  - { agent_id: c, provider: openai }\n",
  );
  expect(agent(config, "a")).toMatchObject({ provider: "openrouter", model: "openai/gpt-6-luna" });
  expect(agent(config, "b")).toMatchObject({ provider: "openai", model: "m" });
  expect(agent(config, "c")).toMatchObject({ provider: "openai", model: "gpt-x" });
});

test("default speaks with SOUL.md, and AGENTS.md is added to every soul", () => {
  const paths = tempHome("agents: [{ agent_id: a, soul: Be A. }]");
  expect(agent(loadConfig({ paths, env: {} }), "default")?.soul).toContain("You are GoClaw");
  writeFileSync(paths.soul, "<!-- a note -->\nBe kind.\n");
  writeFileSync(paths.agentsMd, "<!-- nothing\nyet -->\n");
  expect(agent(loadConfig({ paths, env: {} }), "default")?.soul).toBe("Be kind.");
  writeFileSync(paths.agentsMd, "House rule.\n");
  const config = loadConfig({ paths, env: {} });
  expect(agent(config, "default")?.soul).toBe("Be kind.\n\nHouse rule.");
  expect(agent(config, "a")?.soul).toBe("Be A.\n\nHouse rule.");
});

test("a soul file is read from inside the home only", () => {
  const paths = tempHome("agents: [{ agent_id: a, soul_file: souls/a.md }]");
  expect(refusal(() => loadConfig({ paths, env: {} })).message).toContain("agents.0.soul_file");
  mkdirSync(join(paths.home, "souls"));
  writeFileSync(join(paths.home, "souls", "a.md"), "From a file.");
  expect(agent(loadConfig({ paths, env: {} }), "a")?.soul).toBe("From a file.");

  const elsewhere = join(tempHome("secret").home, "config.yaml");
  symlinkSync(elsewhere, join(paths.home, "souls", "link.md"));
  for (const file of ["souls/link.md", "../x.md", "/etc/passwd", elsewhere]) {
    const text = `agents: [{ agent_id: a, soul_file: ${JSON.stringify(file)} }]`;
    expect(refusal(() => loadConfig({ paths, env: {}, text })).message).toMatch(
      /is outside the home|cannot be read/,
    );
  }
});

test.each([
  ["agents: [{ agent_id: a }, { agent_id: A }]", "another agent is already called A"],
  ["agents: [{ agent_id: 'a b' }]", "is not valid (allowed: 1 to 64 letters"],
  ["agents: [{ display_name: x }]", "agents.0: agent_id is missing"],
  ["agents: [{ agent_id: a, provider: opnai }]", "nearest: openai"],
  ["agents: [{ agent_id: a, soul: x, soul_file: y }]", "soul and soul_file are both set"],
  ["agents: [{ agent_id: a, max_turns: 0 }]", "agents.0.max_turns: 0 is out of range"],
  ["providers: { l: { base_url: 'http://h' } }\nagents: [{ agent_id: a, provider: l }]", "no model is named"],
])("%j is refused", (text, words) => {
  expect(complaint(text)).toContain(words);
});

test("a tool that does not exist is a problem where the tools are known", () => {
  const text = "agents: [{ agent_id: a, tools: [now, writenote] }]";
  const toolNames = ["now", "write_note"];
  expect(complaint(text, {}, { toolNames })).toContain(
    'agents.0.tools.1: no tool is called "writenote" (nearest: write_note)',
  );
  expect(agent(load(text), "a")?.tools).toEqual(["now", "writenote"]);
});
