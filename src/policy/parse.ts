// Checks policy.yaml and makes a Policy of it. An unknown key, capability or form makes the whole file invalid, so that a
// typing error never widens or silently narrows what an agent may do.

import { isAbsolute, join, normalize } from "node:path";
import type { FileRoot, PathMode } from "../domain/act.ts";
import { isKnownPattern } from "../domain/capability.ts";
import { nearest } from "../domain/nearest.ts";
import { parseDomain } from "./domain-rules.ts";
import { createPolicy, type Effect, type McpRule, NOTHING, type Policy, type Rule } from "./policy.ts";
import { type Path, type PolicySource, readPolicySource } from "./source.ts";

export interface PolicyGround {
  /** Name of the file in messages. */
  readonly file: string;
  /** Absolute directory that relative paths of the policy stand below: the home. */
  readonly base: string;
  readonly capabilities: readonly string[];
}

/** Parses and checks; throws POLICY_INVALID that names file, line and what to write instead. */
export function parsePolicy(text: string, ground: PolicyGround): Policy {
  const source = readPolicySource(text, ground.file);
  const reading = new Reading(source, ground);
  const root = reading.mapping([], source.data ?? {}, KEYS);
  return createPolicy(
    {
      allowCapabilities: reading.list(["allow_capabilities"], root.allow_capabilities, reading.capability),
      allowDomains: reading.list(["allow_domains"], root.allow_domains, reading.domain),
      allowPaths: reading.list(["allow_paths"], root.allow_paths, reading.root),
      allowLoopback: reading.flag(["allow_loopback"], root.allow_loopback),
      allowUnsandboxedExec: reading.flag(["allow_unsandboxed_exec"], root.allow_unsandboxed_exec),
      mcp: reading.mcp(root.mcp),
      rules: reading.list(["rules"], root.rules, reading.rule),
    },
    text,
  );
}

const KEYS = [
  "allow_capabilities",
  "allow_domains",
  "allow_paths",
  "allow_loopback",
  "allow_unsandboxed_exec",
  "mcp",
  "rules",
] as const;
const RULE_KEYS = ["effect", "agents", "capability", "path", "domain", "command", "mcp", "reason"] as const;
const EFFECTS = ["deny", "ask", "allow"] as const;
const SELECTORS = ["path", "domain", "command", "mcp"] as const;

const DOMAIN = /^((\*\.)?[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/;
const MCP_SELECTOR = /^(\*|[A-Za-z0-9_-]{1,64}\/(\*|[A-Za-z0-9_./-]{1,128}))$/;
const AGENT = /^(\*|[A-Za-z0-9][A-Za-z0-9_-]{0,63})$/;

function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return `known: ${known.length === 1 ? "only " : ""}${known.join(", ")}`;
}

type Read<T> = (path: Path, value: unknown) => T;

/** One reading of one file: every method checks a value at its path, or ends the reading with its place. */
class Reading {
  readonly #source: PolicySource;
  readonly #ground: PolicyGround;

  constructor(source: PolicySource, ground: PolicyGround) {
    this.#source = source;
    this.#ground = ground;
  }

  mapping<Key extends string>(path: Path, value: unknown, keys: readonly Key[]): { [K in Key]?: unknown } {
    const name = path.length === 0 ? "the policy" : path.join(".");
    if (typeof value !== "object" || value === null || Array.isArray(value))
      this.#source.fail(path, `${name} must be a mapping`);
    for (const key of Object.keys(value)) {
      if ((keys as readonly string[]).includes(key)) continue;
      this.#source.fail([...path, key], `unknown key ${JSON.stringify(key)}; ${meant(key, keys)}`, "key");
    }
    return value as { [K in Key]?: unknown };
  }

  /** Absent and null are an empty list. */
  list<T>(path: Path, value: unknown, read: Read<T>): T[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) this.#source.fail(path, `${path.join(".")} must be a list`);
    return (value as unknown[]).map((item, index) => read([...path, index], item));
  }

  flag(path: Path, value: unknown): boolean {
    if (value === undefined) return false;
    if (typeof value !== "boolean") this.#source.fail(path, `${path.join(".")} must be true or false`);
    return value as boolean;
  }

  readonly capability: Read<string> = (path, value) => {
    const { capabilities } = this.#ground;
    if (typeof value === "string" && isKnownPattern(value, capabilities)) return value;
    const known = [...capabilities, "mcp.<server>.<tool>"];
    const what = `unknown capability ${JSON.stringify(value)}`;
    return this.#source.fail(path, `${what}; ${meant(typeof value === "string" ? value : "", known)}`);
  };

  readonly domain: Read<string> = (path, value) => {
    const name = typeof value === "string" ? value : "";
    const pattern = parseDomain(name);
    if (pattern !== undefined && pattern.covers !== "any" && name === name.toLowerCase() && DOMAIN.test(name))
      return name;
    return this.#source.fail(
      path,
      `${JSON.stringify(value)} is not a domain; write example.com, or *.example.com for what is below it ` +
        "(lower case, international names as xn--…, no scheme, port or path)",
    );
  };

  readonly root: Read<FileRoot> = (path, value) => {
    if (typeof value === "string") return { path: this.place(path, value), mode: "ro" };
    const { path: place, mode } = this.mapping(path, value, ["path", "mode"]);
    if (mode !== undefined && mode !== "ro" && mode !== "rw")
      this.#source.fail([...path, "mode"], "mode must be ro or rw");
    return { path: this.place([...path, "path"], place), mode: (mode as PathMode | undefined) ?? "ro" };
  };

  readonly place: Read<string> = (path, value) => {
    if (typeof value !== "string" || value.trim() === "" || value.includes("\0") || value.startsWith("~")) {
      return this.#source.fail(
        path,
        `${JSON.stringify(value)} is not a path; write it absolute, or relative to the home directory`,
      );
    }
    if (value.split("/").includes("..")) this.#source.fail(path, `a path of the policy has no ".."`);
    const full = normalize(isAbsolute(value) ? value : join(this.#ground.base, value));
    return full.length > 1 && full.endsWith("/") ? full.slice(0, -1) : full;
  };

  mcp(value: unknown): Policy["mcp"] {
    if (value === undefined || value === null) return NOTHING.mcp;
    const { default: fallback, rules } = this.mapping(["mcp"], value, ["default", "rules"]);
    return {
      default: fallback === undefined ? "deny" : this.effect(["mcp", "default"], fallback),
      rules: this.list(["mcp", "rules"], rules, this.mcpRule),
    };
  }

  readonly mcpRule: Read<McpRule> = (path, value) => {
    const { agent, server, tools } = this.mapping(path, value, ["agent", "server", "tools"]);
    return {
      agent: agent === undefined ? "*" : this.word([...path, "agent"], agent, AGENT, "an agent id or *"),
      server:
        server === undefined ? "*" : this.word([...path, "server"], server, AGENT, "a server name or *"),
      tools: this.list([...path, "tools"], tools, (at, tool) =>
        this.word(at, tool, /^.{1,128}$/, "a tool name"),
      ),
    };
  };

  effect(path: Path, value: unknown): Effect {
    if ((EFFECTS as readonly unknown[]).includes(value)) return value as Effect;
    return this.#source.fail(path, `${path.join(".")} must be one of ${EFFECTS.join(", ")}`);
  }

  word(path: Path, value: unknown, form: RegExp, what: string): string {
    if (typeof value === "string" && form.test(value)) return value;
    return this.#source.fail(path, `${JSON.stringify(value)} is not ${what}`);
  }

  readonly rule: Read<Rule> = (path, value) => {
    const given = this.mapping(path, value, RULE_KEYS);
    if (given.effect === undefined) this.#source.fail(path, "a rule needs an effect: deny, ask or allow");
    if (given.capability === undefined) this.#source.fail(path, "a rule needs a capability");
    const selectors = SELECTORS.filter((name) => given[name] !== undefined);
    if (selectors.length > 1)
      this.#source.fail(path, `a rule has one of ${SELECTORS.join(", ")}, not ${selectors.join(" and ")}`);
    const rule: Rule = {
      effect: this.effect([...path, "effect"], given.effect),
      agents: given.agents === undefined ? null : this.agents([...path, "agents"], given.agents),
      capability: this.capability([...path, "capability"], given.capability),
      path: given.path === undefined ? null : this.place([...path, "path"], given.path),
      domain: given.domain === undefined ? null : this.domainOrAll([...path, "domain"], given.domain),
      command: given.command === undefined ? null : this.command([...path, "command"], given.command),
      mcp:
        given.mcp === undefined
          ? null
          : this.word([...path, "mcp"], given.mcp, MCP_SELECTOR, "server/tool, server/* or *"),
      reason:
        given.reason === undefined
          ? null
          : this.word([...path, "reason"], given.reason, /^[^\n]{1,500}$/, "a reason of one line"),
    };
    if (rule.effect === "ask" && !/^(tools|mcp|skill|wasm)\./.test(rule.capability)) {
      this.#source.fail(
        [...path, "capability"],
        `only what an agent does can be asked for: tools.*, mcp.*, skill.* or wasm.*, not ${rule.capability}`,
      );
    }
    return rule;
  };

  agents(path: Path, value: unknown): readonly string[] {
    return this.list(path, value, (at, agent) => this.word(at, agent, AGENT, "an agent id"));
  }

  domainOrAll(path: Path, value: unknown): string {
    return value === "*" ? "*" : this.domain(path, value);
  }

  /** A string is split at spaces; a list is taken word by word, for words that have spaces. */
  command(path: Path, value: unknown): readonly string[] {
    const words = typeof value === "string" ? value.split(/\s+/).filter((word) => word !== "") : value;
    const isList = Array.isArray(words) && words.length > 0;
    if (!isList || !words.every((word) => typeof word === "string" && word !== "" && !word.includes("\0")))
      this.#source.fail(path, "a command is its words: `git status`, `git log *`, or a list of words");
    const list = words as string[];
    const star = list.indexOf("*");
    if (star !== -1 && star !== list.length - 1)
      this.#source.fail(path, "`*` stands only as the last word of a command, for any further words");
    return list;
  }
}
