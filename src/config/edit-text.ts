// Changes one key in the text of a YAML file and touches nothing else: the new value is spliced into the old text. Where
// that is not possible the whole document is written anew, which keeps comments but not every space.

import { isDeepStrictEqual } from "node:util";
import { isAlias, isCollection } from "yaml";
import { isRecord, putAt, removeAt } from "./data.ts";
import { spliceAway, spliceValue } from "./edit-splice.ts";
import type { KeyPath } from "./problem.ts";
import { type ParsedYaml, parseYaml, readSource, toData } from "./source.ts";

/** Long values stay on their line; a broken alias is found by reading the result back. */
const WRITING = { lineWidth: 0, verifyAliasOrder: false } as const;

/** The text with the value at `path` set, or undefined when the document's shape does not allow it. */
export function setInText(text: string, path: KeyPath, value: unknown): string | undefined {
  const parsed = parseYaml(text);
  const expected = putAt(toData(parsed.document) ?? {}, path, value);
  if (expected === undefined) return undefined;
  return firstSame(
    [() => spliceValue(text, parsed, path, value), () => rewriteSet(parsed, path, value)],
    expected,
  );
}

/** The text without the key at `path`, or undefined when the document's shape does not allow it. */
export function unsetInText(text: string, path: KeyPath): string | undefined {
  const parsed = parseYaml(text);
  const expected = removeAt(toData(parsed.document), path);
  if (isDeepStrictEqual(settled(expected), settled(toData(parsed.document)))) return text;
  return firstSame([() => spliceAway(text, parsed, path), () => rewriteUnset(parsed, path)], expected);
}

/** The first candidate that reads back as exactly what was meant. */
function firstSame(candidates: readonly (() => string | undefined)[], expected: unknown): string | undefined {
  for (const candidate of candidates) {
    const text = candidate();
    if (text === undefined) continue;
    const source = readSource(text);
    if (source.problems.length === 0 && isDeepStrictEqual(settled(source.value), settled(expected)))
      return text;
  }
  return undefined;
}

/** Data without what means "not set" in a configuration: null and empty objects. Empty lists mean something. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => settled(entry) ?? null);
  if (!isRecord(value)) return value ?? undefined;
  const entries = Object.entries(value).map(([key, entry]) => [key, settled(entry)] as const);
  const kept = entries.filter(([, entry]) => entry !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function rewriteSet({ document }: ParsedYaml, path: KeyPath, value: unknown): string | undefined {
  for (let depth = 0; depth < path.length; depth += 1) {
    const holder = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isAlias(holder)) return undefined;
    const last = depth === path.length - 1;
    const next = isCollection(holder) ? holder.get(path[depth], true) : undefined;
    if (!last && isCollection(next)) continue;
    if (!last && isAlias(next)) return undefined;
    const nested = putAt(undefined, path.slice(depth + 1), value);
    if (nested === undefined) return undefined;
    document.setIn(path.slice(0, depth + 1), document.createNode(nested));
    return document.toString(WRITING);
  }
  return undefined;
}

function rewriteUnset({ document }: ParsedYaml, path: KeyPath): string | undefined {
  const holder = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isCollection(holder)) return undefined;
  holder.delete(path.at(-1));
  return document.toString(WRITING);
}
