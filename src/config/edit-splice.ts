// Finds the place in a YAML text where one value stands, or where one more line belongs, and puts it there. These are
// guesses by position: the caller reads the result back and drops a guess that changed anything else.

import { isCollection, isMap, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { putAt, removeAt } from "./data.ts";
import { renderValue } from "./edit-value.ts";
import type { KeyPath } from "./problem.ts";
import type { ParsedYaml } from "./source.ts";

/** The text with a value replaced, an empty key filled, or new lines added; undefined for every other shape. */
export function spliceValue(
  text: string,
  parsed: ParsedYaml,
  path: KeyPath,
  value: unknown,
): string | undefined {
  const node = parsed.document.getIn(path, true);
  const inFlow = flowAround(text, parsed, path);
  if (inFlow !== undefined) {
    const changed = putAt(inFlow.data, inFlow.rest, value);
    return changed === undefined ? undefined : inFlow.replace(changed);
  }
  if (isCollection(node)) return undefined;
  if (!isScalar(node) || node.value === null) return insertLines(text, parsed, path, value);
  const range = rangeOf(node);
  if (range === undefined || isBlockScalar(node)) return undefined;
  return text.slice(0, range[0]) + renderValue(value) + text.slice(range[1]);
}

/** The text without a key of a block map or a flow collection; undefined for every other shape. */
export function spliceAway(text: string, parsed: ParsedYaml, path: KeyPath): string | undefined {
  const inFlow = flowAround(text, parsed, path.slice(0, -1));
  if (inFlow !== undefined) return inFlow.replace(removeAt(inFlow.data, [...inFlow.rest, ...path.slice(-1)]));
  const parent = path.slice(0, -1);
  const holder = parent.length === 0 ? parsed.document.contents : parsed.document.getIn(parent, true);
  const pair = isMap(holder) && !holder.flow ? pairOf(holder, path.at(-1) ?? "") : undefined;
  const start = rangeOf(pair?.key)?.[0];
  if (pair === undefined || start === undefined) return undefined;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  if (text.slice(lineStart, start).trim() !== "") return undefined;
  return text.slice(0, lineStart) + text.slice(lineAfter(text, endOf(pair)));
}

interface Flow {
  readonly data: unknown;
  /** The part of the path that lies inside. */
  readonly rest: KeyPath;
  replace(data: unknown): string;
}

/** The outermost flow collection on the way to `path`, if it can be written anew on one line without losing anything. */
function flowAround(text: string, { document }: ParsedYaml, path: KeyPath): Flow | undefined {
  for (let depth = 0; depth <= path.length; depth += 1) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (!isCollection(node)) return undefined;
    const range = rangeOf(node);
    if (!node.flow || range === undefined) continue;
    const old = text.slice(range[0], range[1]);
    if (/[#&*\n]/.test(old)) return undefined;
    const replace = (data: unknown): string =>
      text.slice(0, range[0]) + renderValue(data) + text.slice(range[1]);
    return { data: node.toJS(document), rest: path.slice(depth), replace };
  }
  return undefined;
}

/** Adds the key as new lines below the deepest collection of its path that exists. */
function insertLines(text: string, parsed: ParsedYaml, path: KeyPath, value: unknown): string | undefined {
  let holder: unknown = parsed.document.contents;
  let after = text.length;
  let indent = 0;
  for (const [depth, step] of path.entries()) {
    if (isEmpty(holder)) return addLines(text, after, linesFor(path.slice(depth), indent, value));
    if (isSeq(holder) && !holder.flow) {
      if (step === holder.items.length) return addItem(text, parsed, holder, path.slice(depth + 1), value);
      holder = holder.items[Number(step)];
      if (isEmpty(holder)) return undefined;
      continue;
    }
    if (!isMap(holder) || holder.flow) return undefined;
    const pair = pairOf(holder, step);
    indent = columnAt(parsed, rangeOf(holder.items[0]?.key)?.[0]);
    if (pair === undefined) {
      const end = depth === 0 ? text.length : afterComments(text, endOf(holder), indent);
      return addLines(text, end, linesFor(path.slice(depth), indent, value));
    }
    if (depth === path.length - 1) return fillEmpty(text, pair, value);
    after = rangeOf(pair.key)?.[1] ?? text.length;
    indent += 2;
    holder = pair.value;
  }
  return undefined;
}

/** Adds one more `- ` entry to a block list. */
function addItem(text: string, parsed: ParsedYaml, list: YAMLSeq, rest: KeyPath, value: unknown): string {
  const indent = columnAt(parsed, rangeOf(list)?.[0]);
  const lines =
    rest.length === 0 ? [" ".repeat(indent + 2) + renderValue(value)] : linesFor(rest, indent + 2, value);
  const first = `${" ".repeat(indent)}- ${(lines[0] ?? "").trimStart()}`;
  return addLines(text, endOf(list), [first, ...lines.slice(1)]);
}

/** `key:` without a value, or with an explicit null, gets one on the same line. */
function fillEmpty(text: string, pair: Pair, value: unknown): string | undefined {
  const keyEnd = rangeOf(pair.key)?.[1];
  const colon = keyEnd === undefined ? -1 : text.indexOf(":", keyEnd);
  if (colon === -1) return undefined;
  const old = rangeOf(pair.value);
  const rest = old !== undefined && old[1] > old[0] ? old[1] : colon + 1;
  return `${text.slice(0, colon + 1)} ${renderValue(value)}${text.slice(rest)}`;
}

function linesFor(path: KeyPath, indent: number, value: unknown): string[] {
  return path.map((step, depth) => {
    const end = depth === path.length - 1 ? ` ${renderValue(value)}` : "";
    return `${" ".repeat(indent + depth * 2)}${renderValue(step)}:${end}`;
  });
}

/** Puts whole lines after the line on which `offset` lies. */
function addLines(text: string, offset: number, lines: readonly string[]): string {
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const at = lineAfter(text, offset);
  const head = text.slice(0, at);
  const gap = head === "" || head.endsWith("\n") ? "" : lineEnd;
  return `${head}${gap}${lines.join(lineEnd)}${lineEnd}${text.slice(at)}`;
}

/** Where the line after the one with `offset` starts. */
function lineAfter(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return newline === -1 ? text.length : newline + 1;
}

/** An offset on the last of the comment lines that follow `offset` and are indented like the entries above them. */
function afterComments(text: string, offset: number, indent: number): number {
  const comments = new RegExp(`(?:[ ]{${indent},}#[^\\n]*(?:\\n|$))*`, "y");
  comments.lastIndex = lineAfter(text, offset);
  const length = comments.exec(text)?.[0].length ?? 0;
  return length === 0 ? offset : comments.lastIndex - 1;
}

/** The offset of the last character's end of a pair or a block collection, without the line break. */
function endOf(node: unknown): number {
  if (isMap(node) && !node.flow && node.items.length > 0) return endOf(node.items.at(-1));
  if (isSeq(node) && !node.flow && node.items.length > 0) return endOf(node.items.at(-1));
  if (isPair(node)) return isEmpty(node.value) ? (rangeOf(node.key)?.[1] ?? 0) : endOf(node.value);
  return (rangeOf(node)?.[1] ?? 0) - (isBlockScalar(node) ? 1 : 0);
}

function isPair(node: unknown): node is Pair {
  return typeof node === "object" && node !== null && "key" in node && "value" in node;
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function isBlockScalar(node: unknown): boolean {
  return isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
}

function pairOf(map: YAMLMap, step: string | number): Pair | undefined {
  return map.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
}

function rangeOf(node: unknown): readonly [number, number, number] | undefined {
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range ?? undefined;
}

/** The column of an offset, from 0. */
function columnAt({ lines }: ParsedYaml, offset: number | undefined): number {
  return offset === undefined ? 0 : lines.linePos(offset).col - 1;
}
