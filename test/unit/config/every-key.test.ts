// What holds for every key of the schema, tried on every key: where its value comes from, and that it matters.

import { expect, test } from "vitest";
import { valueAt } from "../../../src/config/data.ts";
import { CONFIG_SCHEMA } from "../../../src/config/schema.ts";
import { eachNamedNode, type SchemaNode } from "../../../src/config/schema-node.ts";
import { readSettings } from "../../../src/config/settings.ts";
import { TIERS } from "../../../src/domain/route.ts";
import { load } from "./home.ts";

interface Leaf {
  readonly path: readonly string[];
  readonly node: SchemaNode;
}

const leaves: Leaf[] = [];
eachNamedNode(CONFIG_SCHEMA, (path, node) => {
  if (node.type !== "object" && node.items?.type !== "object") leaves.push({ path, node });
});
const named = leaves.map((leaf) => [leaf.path.join("."), leaf] as const);

/** Three different values that fit a key. */
function threeOf({ type, enum: choices = [], minimum = 0, maximum = 9, items }: SchemaNode): unknown[] {
  if (choices.length > 0) return [choices[0], choices.at(-1), choices[0]];
  if (type === "boolean") return [true, false, true];
  if (type === "integer" || type === "number")
    return [minimum + 1, minimum + 2, Math.min(maximum, minimum + 3)];
  const urls = ["http://a", "http://b", "http://c"];
  if (type !== "array") return urls;
  return items?.pattern?.startsWith("^http") ? urls.map((url) => [url]) : [["a"], ["b"], ["c"]];
}

const yamlOf = (path: readonly string[], value: unknown): string =>
  JSON.stringify(path.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value));

/** Routing needs tiers to route to, and its classifier a model. */
function withTiers(path: readonly string[], value: unknown): string {
  const routing = yamlOf(path.slice(1), path.at(-1) === "model" ? `openai/${String(value)}` : value);
  const own = JSON.parse(routing) as { classifier?: object };
  const classifier = { model: "openai/c", ...own.classifier };
  const tiers = Object.fromEntries(TIERS.map((tier) => [tier, [`openai/${tier}`]]));
  return JSON.stringify({ llm: { tiers, routing: { ...own, classifier } } });
}

test.each(named)("%s: flag over environment over file over default", (key, { path, node }) => {
  const [inFile, inEnv, inFlag] = threeOf(node);
  const name = node["x-env"];
  const look = (text: string, env: Record<string, string>, flags: Record<string, string>) => {
    const read = readSettings({ file: "config.yaml", text, env, flags });
    expect(read.problems).toEqual([]);
    return { value: valueAt(read.settings, path), origin: read.originOf(path) };
  };
  expect(look("", {}, {})).toEqual({ value: node.default, origin: "default" });
  expect(look(yamlOf(path, inFile), {}, {})).toEqual({ value: inFile, origin: "file" });
  if (name === undefined) return;
  const env = { [name]: String(inEnv) };
  expect(look(yamlOf(path, inFile), env, {})).toEqual({ value: inEnv, origin: "environment" });
  const flags = { [key]: String(inFlag) };
  expect(look(yamlOf(path, inFile), env, flags)).toEqual({ value: inFlag, origin: "flag" });
});

test.each(named)(
  "%s: a change shows in the fingerprint, unless it is a secret or changes nothing",
  (_, { path, node }) => {
    const text = (value: unknown): string => {
      if (path[0] === "bind_addr") return yamlOf(path, value === "http://a" ? "127.0.0.1:1" : "127.0.0.1:2");
      if (path.join(".") === "retry.max_ms") return yamlOf(["retry"], { base_ms: 1, max_ms: value });
      if (path.join(".") === "llm.provider")
        return yamlOf(path, value === "http://a" ? "openai" : "openrouter");
      if (path.join(".") === "llm.fallback_providers") {
        return yamlOf(path, JSON.stringify(value).includes("b") ? ["openai"] : ["openrouter"]);
      }
      if (path.join(".").startsWith("llm.tiers.")) return yamlOf(path, [`openai/${String(value)}`]);
      if (path[1] === "routing") return withTiers(path.slice(1), value);
      if (path.join(".") === "mcp.serve.agents") {
        return yamlOf(path, JSON.stringify(value).includes("b") ? ["coder"] : ["writer"]);
      }
      return yamlOf(path, value);
    };
    const [one, two] = threeOf(node).map((value) => load(text(value)).fingerprint);
    const inert = node["x-secret"] || node.enum?.length === 1;
    expect(one === two).toBe(inert === true);
  },
);
