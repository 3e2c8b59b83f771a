// From the text of config.yaml, the environment and the flags to checked, complete `Settings`. Precedence is
// flag > environment > file > default. It collects problems instead of throwing, and knows where each value came from.

import { check, fillDefaults } from "./check.ts";
import { isRecord, putAt, removeAt, valueAt } from "./data.ts";
import { type Env, readVariable } from "./env.ts";
import { coerce, expandTree } from "./expand.ts";
import { dotted, type KeyPath, type Position, type Problem } from "./problem.ts";
import { CONFIG_SCHEMA, type Settings } from "./schema.ts";
import { eachNamedNode, type SchemaNode } from "./schema-node.ts";
import { readSource } from "./source.ts";

/** Values of command-line flags by config key: `{ bind_addr: "127.0.0.1:0" }`. Undefined means not given. */
export type Flags = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SettingsInput {
  /** Name of the file in messages. */
  readonly file: string;
  /** Its text; undefined when there is no such file. */
  readonly text: string | undefined;
  readonly env: Env;
  readonly flags?: Flags;
  /** False looks at the file alone; `${VAR}` still expands. */
  readonly overrides?: boolean;
}

export interface ReadSettings {
  /** Always complete: what has a problem is left out, so that the rules between keys can still be checked. */
  readonly settings: Settings;
  readonly problems: readonly Problem[];
  /** False when the file is not YAML at all: then `settings` says nothing about it. */
  readonly readable: boolean;
  /** `file:line:col`, or the flag or variable the value came from, or just the file. */
  whereOf(problem: Problem): string;
  originOf(path: KeyPath): "flag" | "environment" | "file" | "default";
  /** Variables that the value in the file named and that are not set. */
  unsetVariables(path: KeyPath): readonly string[];
}

interface Override {
  readonly origin: "flag" | "environment";
  readonly label: string;
}

export function readSettings(input: SettingsInput): ReadSettings {
  const source = readSource(input.text ?? "");
  const expansion = expandTree(source.value ?? {}, CONFIG_SCHEMA, input.env);
  const overridden = new Map<string, Override>();
  const wanted = input.overrides !== false && isRecord(expansion.value);
  const given = wanted
    ? applyOverrides(expansion.value, input.env, input.flags ?? {}, overridden)
    : expansion.value;
  const misfits = check(given, CONFIG_SCHEMA);
  const problems = [...source.problems, ...expansion.problems, ...misfits];
  const sound = without(given, misfits);
  return {
    settings: fillDefaults(sound, CONFIG_SCHEMA) as Settings,
    readable: source.problems.length === 0,
    problems,
    whereOf: (problem) =>
      problem.where ??
      overridden.get(dotted(problem.path))?.label ??
      place(input.file, problem.position ?? source.locate(problem.path, problem.at ?? "value")),
    originOf: (path) =>
      overridden.get(dotted(path))?.origin ?? (valueAt(sound, path) === undefined ? "default" : "file"),
    unsetVariables: (path) => expansion.unset.get(dotted(path)) ?? [],
  };
}

/** Plain data without the values that have a problem. A list goes as a whole, so that no index shifts. */
function without(root: unknown, problems: readonly Problem[]): unknown {
  return problems.reduce((data: unknown, { path }) => {
    if (path.length === 0) return {};
    const list = path.findIndex((step) => typeof step === "number");
    return removeAt(data, list === -1 ? path : path.slice(0, list));
  }, root);
}

function place(file: string, position: Position | undefined): string {
  return position === undefined ? file : `${file}:${position.line}:${position.col}`;
}

/** A copy of `root` with flags and environment laid over it. A value that stands in the way is left for `check`. */
function applyOverrides(root: unknown, env: Env, flags: Flags, overridden: Map<string, Override>): unknown {
  let result = root;
  eachNamedNode(CONFIG_SCHEMA, (path, node) => {
    const override = overrideOf(dotted(path), node, env, flags);
    const changed = override && putAt(result, path, override.value);
    if (changed === undefined || override === undefined) return;
    overridden.set(dotted(path), { origin: override.origin, label: override.label });
    result = changed;
  });
  return result;
}

function overrideOf(
  key: string,
  node: SchemaNode,
  env: Env,
  flags: Flags,
): (Override & { readonly value: unknown }) | undefined {
  const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
  if (flag !== undefined) {
    const value = typeof flag === "string" ? coerce(flag, node) : flag;
    return { value, origin: "flag", label: node["x-flag"] ?? `flag for ${key}` };
  }
  const name = node["x-env"];
  const text = name === undefined ? undefined : readVariable(env, name);
  if (text === undefined) return undefined;
  return { value: coerce(text, node), origin: "environment", label: `environment variable ${name}` };
}
