// Reaches into plain data (objects, lists, scalars) by path. Nothing here changes its input, and only own properties
// count.

import type { KeyPath } from "./problem.ts";

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at `path` in plain data, or undefined. Only own properties count. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** A copy of `root` with `value` at `path`; undefined when something else than a collection is in the way. */
export function putAt(root: unknown, path: KeyPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === "number") {
    const list = root ?? [];
    if (!Array.isArray(list) || step > list.length) return undefined;
    const entry = putAt(list[step], rest, value);
    return entry === undefined ? undefined : [...list.slice(0, step), entry, ...list.slice(step + 1)];
  }
  const record = root ?? {};
  if (!isRecord(record)) return undefined;
  const entry = putAt(record[step], rest, value);
  return entry === undefined ? undefined : { ...record, [step]: entry };
}

export function removeAt(root: unknown, path: KeyPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof root !== "object" || root === null || !Object.hasOwn(root, step))
    return root;
  if (Array.isArray(root)) {
    const index = Number(step);
    const kept = rest.length === 0 ? [] : [removeAt(root[index], rest)];
    return [...root.slice(0, index), ...kept, ...root.slice(index + 1)];
  }
  const { [step]: entry, ...others } = root as Record<string | number, unknown>;
  return rest.length === 0 ? others : { ...others, [step]: removeAt(entry, rest) };
}
