// The example files a user copies are valid, switched off and switched on.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { renderExample } from "../../../scripts/config-example.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { CONFIG_SCHEMA } from "../../../src/config/schema.ts";
import { eachNamedNode } from "../../../src/config/schema-node.ts";
import { BASE_CAPABILITIES } from "../../../src/domain/capability.ts";
import { TOOL_CAPABILITIES } from "../../../src/tools/index.ts";
import { policyOf } from "../../support/policy.ts";
import { load, tempHome } from "./home.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const read = (...names: string[]): string => readFileSync(join(ROOT, ...names), "utf8");

test("the example is valid and says nothing but the defaults", () => {
  expect(load(renderExample()).fingerprint).toBe(load("").fingerprint);
});

test("the example is valid with everything switched on, and has every key of the schema", () => {
  const text = renderExample().replace(/^(\s*)#(?=\S)/gm, "$1");
  const config = loadConfig({ paths: tempHome(), env: { MY_API_KEY: "k" }, text });
  expect(config.agents.map((agent) => agent.id)).toEqual(["default", "reviewer"]);
  expect(config.providers.map((provider) => provider.id)).toContain("local");
  eachNamedNode(CONFIG_SCHEMA, (path) => expect(text).toMatch(new RegExp(`^\\s*${path.at(-1)}:`, "m")));
});

test("the soul_file of the example works in place of the soul", () => {
  const example = /^\s*# (soul_file: (\S+))$/m.exec(renderExample());
  const paths = tempHome(`agents: [{ agent_id: a, ${example?.[1]} }]`);
  const file = join(paths.home, example?.[2] ?? "");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "Hello.");
  expect(loadConfig({ paths, env: {} }).agents[1]?.soul).toBe("Hello.");
});

test("policy.example.yaml is a policy", () => {
  const policy = policyOf(read("policy.example.yaml"), [...BASE_CAPABILITIES, ...TOOL_CAPABILITIES]);
  expect(policy.allowCapabilities).toEqual(expect.arrayContaining(["acp.read", "acp.mutate", "admin.*"]));
});

test("policy.example.yaml shows every key, every selector and every tool", () => {
  const text = read("policy.example.yaml");
  const keys = [
    "allow_capabilities",
    "allow_domains",
    "allow_paths",
    "allow_loopback",
    "allow_unsandboxed_exec",
    "mcp",
    "rules",
  ];
  expect(Object.keys(parse(text) as object)).toEqual(keys);
  for (const key of [
    "effect: deny",
    "effect: ask",
    "effect: allow",
    "agents:",
    "path:",
    "domain:",
    "command:",
    "mcp:",
    "reason:",
  ])
    expect(text).toContain(key);
  for (const capability of TOOL_CAPABILITIES) expect(text).toContain(`- ${capability}\n`);
});
