// Reads dotted keys such as `retry.base_ms` or `agents.0.model` and holds them against the schema.

import { GoclawError } from "../domain/error.ts";
import { FORBIDDEN_KEYS } from "./check.ts";
import { dotted, type KeyPath, suggest } from "./problem.ts";
import { CONFIG_SCHEMA } from "./schema.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";

export interface Key {
  readonly path: KeyPath;
  readonly node: SchemaNode;
  /** True when the value under the key must not be shown. */
  readonly secret: boolean;
}

/** Throws CONFIG_INVALID, naming the nearest key, when the schema has no such key. */
export function parseKey(text: string): Key {
  let node: SchemaNode = CONFIG_SCHEMA;
  const path: (string | number)[] = [];
  for (const word of text.split(".")) {
    const child = FORBIDDEN_KEYS.includes(word) || word === "" ? undefined : childNode(node, word);
    if (child === undefined) throw unknownKey(text, path, word, node);
    path.push(node.type === "array" ? Number(word) : word);
    node = child;
  }
  return { path, node, secret: node["x-secret"] === true };
}

function unknownKey(text: string, parent: KeyPath, word: string, node: SchemaNode): GoclawError {
  const place = parent.length === 0 ? "config.yaml" : dotted(parent);
  if (node.type === "array") {
    const what = `${place} is a list and takes a number, not ${JSON.stringify(word)}`;
    return new GoclawError("CONFIG_INVALID", `${text}: ${what} — write for example ${place}.0`);
  }
  const known = Object.keys(node.properties ?? {});
  if (known.length === 0) {
    return new GoclawError("CONFIG_INVALID", `${text}: ${place} has no keys below it — use ${place}`);
  }
  const what = `${place} has no key ${JSON.stringify(word)} ${suggest(word, known)}`;
  return new GoclawError("CONFIG_INVALID", `${text}: ${what} — \`goclaw config schema\` lists every key`);
}
