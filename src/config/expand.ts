// Replaces `${VAR}` and `${VAR:-default}` in the string values of a configuration; `$${` is a literal `${`. What comes
// out of a variable is never expanded again. A value that expands to nothing counts as not set at all.

import { type Env, readVariable } from "./env.ts";
import { dotted, type KeyPath, type Problem } from "./problem.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

export interface ExpandedText {
  readonly text: string;
  /** Variables without default that are unset or empty. */
  readonly unset: readonly string[];
  readonly malformed: boolean;
}

export function expandText(text: string, env: Env): ExpandedText {
  const unset: string[] = [];
  const whole = expandUntil(text, 0, "", env, unset);
  return whole === undefined
    ? { text, unset: [], malformed: true }
    : { text: whole.text, unset, malformed: false };
}

/** Expands from `start` to the end of the text, or to `close`; undefined when a reference is malformed. */
function expandUntil(
  text: string,
  start: number,
  close: string,
  env: Env,
  unset: string[],
): { readonly text: string; readonly end: number } | undefined {
  let out = "";
  let at = start;
  while (at < text.length) {
    if (text.startsWith("$${", at)) {
      out += "${";
      at += 3;
    } else if (text.startsWith("${", at)) {
      const reference = expandReference(text, at + 2, env, unset);
      if (reference === undefined) return undefined;
      out += reference.text;
      at = reference.end;
    } else if (close !== "" && text.startsWith(close, at)) {
      return { text: out, end: at + close.length };
    } else {
      out += text[at];
      at += 1;
    }
  }
  return close === "" ? { text: out, end: at } : undefined;
}

function expandReference(
  text: string,
  at: number,
  env: Env,
  unset: string[],
): { text: string; end: number } | undefined {
  NAME.lastIndex = at;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) return undefined;
  const value = readVariable(env, name);
  const end = at + name.length;
  if (text[end] === "}") {
    if (value === undefined) unset.push(name);
    return { text: value ?? "", end: end + 1 };
  }
  if (!text.startsWith(":-", end)) return undefined;
  // The default is always walked to find its end; what it lacks only matters when it is used.
  const missing: string[] = [];
  const fallback = expandUntil(text, end + 2, "}", env, missing);
  if (fallback === undefined) return undefined;
  if (value === undefined) unset.push(...missing);
  return { text: value ?? fallback.text, end: fallback.end };
}

export interface Expansion {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Dotted key → the unset variables its value named. */
  readonly unset: ReadonlyMap<string, readonly string[]>;
}

/** A copy of `value` with strings expanded, text coerced to what the schema wants, and keys without a value dropped. */
export function expandTree(value: unknown, schema: SchemaNode, env: Env): Expansion {
  const problems: Problem[] = [];
  const unset = new Map<string, readonly string[]>();

  const expandString = (text: string, node: SchemaNode | undefined, path: KeyPath): unknown => {
    if (!text.includes("${")) return text;
    const expanded = expandText(text, env);
    if (expanded.malformed) {
      problems.push({
        path,
        what: "a `${` does not start a variable reference",
        fix: `write \${NAME} or \${NAME:-default}; $\${ is a literal \${`,
      });
      return null;
    }
    if (expanded.unset.length > 0) unset.set(dotted(path), expanded.unset);
    return expanded.text === "" ? null : coerce(expanded.text, node);
  };

  const walk = (item: unknown, node: SchemaNode | undefined, path: KeyPath): unknown => {
    if (typeof item === "string") return expandString(item, node, path);
    if (Array.isArray(item)) return item.map((entry, index) => walk(entry, node?.items, [...path, index]));
    if (typeof item !== "object" || item === null) return item;
    const copy: Record<string, unknown> = Object.create(null);
    for (const [key, entry] of Object.entries(item)) {
      const child = node && childNode(node, key);
      const walked = walk(entry, child, [...path, key]);
      if (walked !== null || child === undefined) copy[key] = walked;
    }
    return copy;
  };

  return { value: walk(value, schema, []), problems, unset };
}

/** Text from a variable or a flag as the type the schema asks for; text that does not fit stays text and is refused later. */
export function coerce(text: string, node: SchemaNode | undefined): unknown {
  if (node?.type === "integer" || node?.type === "number") {
    return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : text;
  }
  if (node?.type === "boolean" && /^(true|false)$/i.test(text.trim()))
    return text.trim().toLowerCase() === "true";
  return text;
}
