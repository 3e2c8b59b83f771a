// Reads and changes single keys of config.yaml by their dotted names. A change is checked as a whole before anything is
// written, keeps comments, and replaces the file in one step.

import { GoclawError } from "../domain/error.ts";
import { valueAt } from "./data.ts";
import { setInText, unsetInText } from "./edit-text.ts";
import { parseValue } from "./edit-value.ts";
import { type Env, processEnv } from "./env.ts";
import { replaceFile } from "./files.ts";
import { parseKey } from "./key.ts";
import { loadConfig } from "./load.ts";
import type { Paths } from "./paths.ts";
import { configError } from "./problem.ts";
import { readHome } from "./read-home.ts";
import { childNode, type SchemaNode } from "./schema-node.ts";
import { type ReadSettings, readSettings } from "./settings.ts";
import { readSource } from "./source.ts";

export interface KeyValue {
  /** In the file's own shape and units; undefined when the key has no value. Secrets read `[secret]`. */
  readonly value: unknown;
  readonly origin: ReturnType<ReadSettings["originOf"]>;
}

const HIDDEN = "[secret]";

/** What a key is set to, environment and defaults included. Throws CONFIG_INVALID for an unknown key or a broken file. */
export function getValue(paths: Paths, key: string, env: Env = processEnv()): KeyValue {
  const { path, node } = parseKey(key);
  const home = readHome(paths, env);
  const read = readSettings({ file: paths.config, text: home.text, env: home.env });
  const problems = [...home.problems, ...read.problems];
  if (problems.length > 0) throw configError(problems, read.whereOf);
  return { value: hideSecrets(valueAt(read.settings, path), node), origin: read.originOf(path) };
}

/** Sets a key to a YAML scalar or flow collection. Throws, and writes nothing, when the result would not be valid. */
export function setValue(paths: Paths, key: string, value: string, env: Env = processEnv()): boolean {
  const { path, node } = parseKey(key);
  const parsed = parseValue(value, node, path);
  return change(paths, key, env, (text) => setInText(text, path, parsed));
}

/** Removes a key, so that its default holds again. No error when it is not there. */
export function unset(paths: Paths, key: string, env: Env = processEnv()): boolean {
  const { path } = parseKey(key);
  return change(paths, key, env, (text) => unsetInText(text, path));
}

/** False when the file says it already. */
function change(paths: Paths, key: string, env: Env, edit: (text: string) => string | undefined): boolean {
  const home = readHome(paths, env);
  const text = home.text ?? "";
  const problems = [...home.problems, ...readSource(text).problems];
  if (problems.length > 0) {
    throw configError(
      problems,
      (problem) => problem.where ?? `${paths.config}:${problem.position?.line ?? 1}`,
    );
  }
  const changed = edit(text);
  if (changed === undefined) {
    const what =
      "the file's structure does not allow this change (an alias, a gap in a list, or a value in the way)";
    throw new GoclawError("CONFIG_INVALID", `${paths.config} ${key}: ${what} — edit the file by hand`);
  }
  if (changed === text) return false;
  loadConfig({ paths, env, text: changed, overrides: false });
  replaceFile(paths.config, changed);
  return true;
}

function hideSecrets(value: unknown, node: SchemaNode | undefined): unknown {
  if (node?.["x-secret"] && value !== undefined) return HIDDEN;
  if (Array.isArray(value)) return value.map((entry) => hideSecrets(entry, node?.items));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, hideSecrets(entry, node && childNode(node, key))]),
  );
}
