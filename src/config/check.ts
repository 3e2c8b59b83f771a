// Holds plain data against a SchemaNode and says everything that does not fit, in words a user can act on. It implements
// the keywords of SchemaNode and no others; a test runs it beside ajv, which costs 40 ms at start and is not shipped
// for this.

import { nearest } from "../domain/nearest.ts";
import { isRecord } from "./data.ts";
import { type KeyPath, type Problem, suggest } from "./problem.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Keys that would reach into object prototypes somewhere down the line; refused wherever they stand. */
export const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

export function check(value: unknown, schema: SchemaNode): Problem[] {
  return checkNode(value, schema, []);
}

function checkNode(value: unknown, node: SchemaNode, path: KeyPath): Problem[] {
  switch (node.type) {
    case "object":
      if (isRecord(value)) return node["x-free"] ? [] : checkObject(value, node, path);
      return [wrongType(path, "a set of `key: value` lines", value, node)];
    case "array":
      return Array.isArray(value) ? checkArray(value, node, path) : [wrongType(path, "a list", value, node)];
    case "string":
      return typeof value === "string"
        ? checkString(value, node, path)
        : [wrongType(path, "text", value, node)];
    case "boolean":
      return typeof value === "boolean" ? [] : [wrongType(path, "true or false", value, node)];
    case "integer":
      return Number.isInteger(value)
        ? checkRange(value as number, node, path)
        : [wrongType(path, "a whole number", value, node)];
    case "number":
      return Number.isFinite(value)
        ? checkRange(value as number, node, path)
        : [wrongType(path, "a number", value, node)];
  }
}

function checkObject(value: Record<string, unknown>, node: SchemaNode, path: KeyPath): Problem[] {
  const known = Object.keys(node.properties ?? {});
  const problems = Object.entries(value).flatMap(([key, entry]): Problem[] => {
    const here = [...path, key];
    const child = known.includes(key) ? node.properties?.[key] : node.additionalProperties || undefined;
    if (FORBIDDEN_KEYS.includes(key)) {
      return [{ path: here, at: "key", what: "this key is refused everywhere", fix: "remove it" }];
    }
    if (child === undefined) return [unknownKey(here, key, known)];
    if (fits(key, node.propertyNames?.pattern)) return checkNode(entry, child, here);
    const what = `this id is not allowed (allowed: ${node["x-expects"] ?? node.propertyNames?.pattern})`;
    return [{ path: here, at: "key", what, fix: "choose another id" }];
  });
  for (const key of node.required ?? []) {
    if (Object.hasOwn(value, key)) continue;
    const example = node.properties?.[key]?.examples?.[0];
    problems.push({ path, what: `${key} is missing`, fix: `add \`${key}: ${String(example ?? "…")}\`` });
  }
  return problems;
}

function unknownKey(path: KeyPath, key: string, known: readonly string[]): Problem {
  const near = nearest(key, known);
  return {
    path,
    at: "key",
    what: `unknown key ${suggest(key, known)}`,
    fix: near === undefined ? "remove it" : `rename it to ${near} or remove it`,
  };
}

function checkArray(value: readonly unknown[], node: SchemaNode, path: KeyPath): Problem[] {
  const { items, maxItems = Number.POSITIVE_INFINITY } = node;
  if (value.length > maxItems) {
    return [{ path, what: `has ${value.length} entries (allowed: at most ${maxItems})`, fix: "remove some" }];
  }
  return items === undefined
    ? []
    : value.flatMap((entry, index) => checkNode(entry, items, [...path, index]));
}

function checkString(value: string, node: SchemaNode, path: KeyPath): Problem[] {
  const length = [...value].length;
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = node;
  if (node.enum !== undefined && !node.enum.includes(value)) {
    const near = nearest(value, node.enum);
    const what = `${show(value, node)} is not a choice (allowed: ${node.enum.join(", ")})`;
    return [{ path, what, fix: near === undefined ? "choose one of them" : `write ${near}` }];
  }
  if (length < minLength) return [{ path, what: "is empty", fix: "give it a value or remove the key" }];
  if (length > maxLength) {
    return [{ path, what: `has ${length} characters (allowed: at most ${maxLength})`, fix: "shorten it" }];
  }
  if (fits(value, node.pattern)) return [];
  const expected = node["x-expects"] ?? node.pattern;
  return [{ path, what: `${show(value, node)} is not valid (allowed: ${expected})`, fix: "change it" }];
}

function checkRange(value: number, node: SchemaNode, path: KeyPath): Problem[] {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = node;
  if (value >= minimum && value <= maximum) return [];
  const fix = value < minimum ? `use at least ${minimum}` : `use at most ${maximum}`;
  return [{ path, what: `${value} is out of range (allowed: ${minimum} to ${maximum})`, fix }];
}

function wrongType(path: KeyPath, expected: string, value: unknown, node: SchemaNode): Problem {
  const example = node.default ?? (Array.isArray(node.examples?.[0]) ? undefined : node.examples?.[0]);
  const fix =
    example === undefined ? `write ${expected}` : `write ${expected}, for example ${String(example)}`;
  return { path, what: `must be ${expected}, not ${show(value, node)}`, fix };
}

/** A value as a message may show it: short, on one line, and never a secret. */
function show(value: unknown, node: SchemaNode): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a set of keys";
  if (typeof value === "number") return String(value);
  if (node["x-secret"]) return "what is written there";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

function fits(text: string, pattern: string | undefined): boolean {
  return pattern === undefined || new RegExp(pattern, "u").test(text);
}

/** A copy of data that passed `check`, with every default filled in and every object of the schema present. */
export function fillDefaults(value: unknown, node: SchemaNode): unknown {
  if (node.type === "array") {
    const items = node.items;
    return Array.isArray(value) && items ? value.map((entry) => fillDefaults(entry, items)) : value;
  }
  if (node.type !== "object" || node["x-free"]) return value ?? node.default;
  const given = isRecord(value) ? value : {};
  const filled: Record<string, unknown> = {};
  const names = new Set([...Object.keys(node.properties ?? {}), ...Object.keys(given)]);
  for (const name of names) {
    const child = node.properties?.[name] ?? (node.additionalProperties || undefined);
    const entry = child && fillDefaults(given[name], child);
    if (entry !== undefined) filled[name] = entry;
  }
  return filled;
}
