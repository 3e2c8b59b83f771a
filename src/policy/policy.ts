// What policy.yaml says, as data. Everything that it does not allow is denied; its version is the SHA-256 of its canonical
// form, so that comments, order and spelling change nothing and every rule does.

import { createHash } from "node:crypto";
import type { FileRoot } from "../domain/act.ts";

export type Effect = "deny" | "ask" | "allow";

/** One line of `rules`. A selector that is absent matches every touch; at most one of the four is there. */
export interface Rule {
  readonly effect: Effect;
  /** Null is every agent, and every other caller. */
  readonly agents: readonly string[] | null;
  /** Exact, or ending in `.*`, or `*`. */
  readonly capability: string;
  /** Absolute: the file itself, or everything below the directory. */
  readonly path: string | null;
  /** `example.com`, `*.example.com` or `*`. */
  readonly domain: string | null;
  /** Words of an argv; a last word `*` is any further words. */
  readonly command: readonly string[] | null;
  /** `server/tool`, `server/*` or `*`. */
  readonly mcp: string | null;
  readonly reason: string | null;
}

/** One line of `mcp.rules`: which tools of a server an agent may call. `*` is every one. */
export interface McpRule {
  readonly agent: string;
  readonly server: string;
  readonly tools: readonly string[];
}

export interface PolicyRules {
  readonly allowCapabilities: readonly string[];
  readonly allowDomains: readonly string[];
  readonly allowPaths: readonly FileRoot[];
  readonly allowLoopback: boolean;
  readonly allowUnsandboxedExec: boolean;
  readonly mcp: { readonly default: Effect; readonly rules: readonly McpRule[] };
  readonly rules: readonly Rule[];
}

export interface Policy extends PolicyRules {
  readonly version: string;
  readonly text: string;
}

export const NOTHING: PolicyRules = {
  allowCapabilities: [],
  allowDomains: [],
  allowPaths: [],
  allowLoopback: false,
  allowUnsandboxedExec: false,
  mcp: { default: "deny", rules: [] },
  rules: [],
};

/** Puts the rules into their canonical order and gives them their version. */
export function createPolicy(given: PolicyRules, text: string): Policy {
  const rules: PolicyRules = {
    allowCapabilities: sortedSet(given.allowCapabilities),
    allowDomains: sortedSet(given.allowDomains),
    allowPaths: sortedSet(given.allowPaths.map(canonical)).map((json) => JSON.parse(json) as FileRoot),
    allowLoopback: given.allowLoopback,
    allowUnsandboxedExec: given.allowUnsandboxedExec,
    mcp: given.mcp,
    rules: sortedSet(given.rules.map(canonical)).map((json) => JSON.parse(json) as Rule),
  };
  return { ...rules, version: createHash("sha256").update(canonical(rules)).digest("hex"), text };
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** JSON with the keys of every object in order (after RFC 8785, for the plain data that a policy is). */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}
