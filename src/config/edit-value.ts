// Between values as people type them (`goclaw config set KEY VALUE`) and values as they stand on one line of YAML.

import { GoclawError } from "../domain/error.ts";
import { dotted, type KeyPath } from "./problem.ts";
import type { SchemaNode } from "./schema-node.ts";
import { readSource } from "./source.ts";

/** Text that stays the same text as a plain scalar, in a block and in a flow collection alike. */
const PLAIN = /^[A-Za-z0-9_/][A-Za-z0-9_./:@+-]*$/;

/** A YAML scalar or flow collection as data; where text is wanted, anything else than a YAML string is taken as written. */
export function parseValue(text: string, node: SchemaNode, path: KeyPath): unknown {
  const { value } = readSource(text);
  if (node.type === "string") return typeof value === "string" ? value : text;
  if (value !== undefined && value !== null) return value;
  const what = value === null ? "the value is empty" : `${JSON.stringify(text)} is not a YAML value`;
  throw new GoclawError(
    "CONFIG_INVALID",
    `${dotted(path)}: ${what} — write a scalar, [a, b] or {key: value}`,
  );
}

/** One line of YAML that reads back as `value`, wherever it is put. */
export function renderValue(value: unknown): string {
  if (typeof value === "string") return isPlain(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(renderValue).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => `${renderValue(key)}: ${renderValue(entry)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  return String(value);
}

function isPlain(text: string): boolean {
  return PLAIN.test(text) && !text.endsWith(":") && readSource(text).value === text;
}
