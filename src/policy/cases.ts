// The cases of `goclaw policy test`: a YAML list of requests and what a policy must say to each.

import type { ExplainAsk } from "../domain/control.ts";
import { type Path, type PolicySource, readPolicySource } from "./source.ts";

export interface PolicyCase {
  readonly name: string;
  readonly expect: "allow" | "ask" | "deny";
  /** A part of the name of the rule that must decide. */
  readonly rule: string | undefined;
  readonly ask: ExplainAsk;
}

const KEYS = [
  "name",
  "expect",
  "rule",
  "agent",
  "capability",
  "path",
  "write",
  "domain",
  "command",
  "mcp",
  "taint",
  "outgoing",
];

/** Throws POLICY_INVALID that names the place. */
export function readCases(text: string, file: string): PolicyCase[] {
  const source = readPolicySource(text, file);
  const { data } = source;
  const list = Array.isArray(data) ? data : (data as { cases?: unknown } | null)?.cases;
  const root: Path = Array.isArray(data) ? [] : ["cases"];
  if (!Array.isArray(list) || list.length === 0)
    return source.fail(root, "the cases are a list of {name, agent, capability, …, expect}");
  return list.map((item: unknown, index) => readCase(source, [...root, index], item));
}

function readCase(source: PolicySource, path: Path, item: unknown): PolicyCase {
  if (typeof item !== "object" || item === null || Array.isArray(item))
    return source.fail(path, "a case is a mapping");
  const given = item as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key))
      source.fail([...path, key], `unknown key ${JSON.stringify(key)}; known: ${KEYS.join(", ")}`, "key");
  }
  const { name, expect, rule, ...ask } = given;
  if (expect !== "allow" && expect !== "ask" && expect !== "deny")
    return source.fail([...path, "expect"], "expect must be allow, ask or deny");
  if (typeof ask.capability !== "string") return source.fail(path, "a case needs a capability");
  for (const key of ["agent", "path", "domain", "mcp"] as const) {
    if (ask[key] !== undefined && typeof ask[key] !== "string")
      source.fail([...path, key], `${key} must be text`);
  }
  return {
    name: typeof name === "string" ? name : `case ${Number(path.at(-1)) + 1}`,
    expect,
    rule: typeof rule === "string" ? rule : undefined,
    ask: ask as ExplainAsk,
  };
}
