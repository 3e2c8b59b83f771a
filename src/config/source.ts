// Turns the text of a YAML file into plain data and remembers where each key and value stands. YAML 1.2 core only:
// no merge keys, no custom tags, unique keys, few aliases. It never throws: what is wrong comes back as problems.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from "yaml";
import { messageOf } from "../domain/error.ts";
import type { KeyPath, Position, Problem } from "./problem.ts";

/** A larger file is a mistake; parsing it would stall the start. */
const TEXT_MAX = 1_048_576;
const ALIAS_MAX = 50;
/** One mistake makes the parser stumble many times; the first few say enough. */
const SYNTAX_PROBLEMS_MAX = 3;
/** No key of the schema lies deeper than five levels; everything after this recurses without a thought. */
const DEPTH_MAX = 32;

export interface Source {
  /** Plain data, or undefined when the text is not usable YAML. An empty document is null. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the key or the value at `path` starts, or the nearest enclosing one that exists. */
  locate(path: KeyPath, at: "key" | "value"): Position | undefined;
}

export interface ParsedYaml {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** The one set of YAML options. May throw on hostile nesting. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: true,
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  return { document, lines };
}

/** The document as plain data. Throws a ReferenceError when aliases are used to blow it up. */
export function toData(document: Document.Parsed): unknown {
  return document.toJS({ maxAliasCount: ALIAS_MAX });
}

export function readSource(text: string): Source {
  if (text.length > TEXT_MAX) {
    return unusable([
      problem({ line: 1, col: 1 }, `the file is larger than ${TEXT_MAX} characters`, "make it smaller"),
    ]);
  }
  try {
    const parsed = parseYaml(text);
    const problems = [...parsed.document.errors, ...parsed.document.warnings]
      .slice(0, SYNTAX_PROBLEMS_MAX)
      .map((error) => syntaxProblem(error, text, parsed.lines));
    if (problems.length > 0) return unusable(problems);
    const value = toData(parsed.document);
    if (deeperThan(value, DEPTH_MAX)) {
      return unusable([
        problem({ line: 1, col: 1 }, `values are nested more than ${DEPTH_MAX} deep`, "use less nesting"),
      ]);
    }
    return { value, problems: [], locate: (path, at) => locate(parsed, path, at) };
  } catch (error) {
    // The parser recurses, and aliases are resolved recursively: hostile text ends here.
    return unusable([
      problem(
        { line: 1, col: 1 },
        `the YAML cannot be read: ${messageOf(error)}`,
        "use less nesting and fewer aliases",
      ),
    ]);
  }
}

/** True for nesting past `levels`, and so for an alias that contains itself. */
function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((entry) => deeperThan(entry, levels - 1));
}

function problem(position: Position, what: string, fix: string): Problem {
  return { path: [], position, what, fix };
}

function unusable(problems: readonly Problem[]): Source {
  return { value: undefined, problems, locate: () => undefined };
}

function syntaxProblem(error: YAMLError, text: string, lines: LineCounter): Problem {
  const key = /^[^\s:]+/.exec(text.slice(error.pos[0], error.pos[0] + 80))?.[0];
  let what = error.message.replace(/\s+/g, " ");
  if (error.code === "DUPLICATE_KEY" && key) what = `key ${key} is written twice`;
  if (error.code === "MULTIPLE_DOCS") what = "a second document starts here";
  return problem(lines.linePos(error.pos[0]), what, fixOf(error.code));
}

function fixOf(code: string): string {
  if (code === "DUPLICATE_KEY") return "keep one of the two";
  if (code === "TAB_AS_INDENT") return "indent with spaces";
  if (code === "TAG_RESOLVE_FAILED") return "remove the tag; plain values are enough";
  if (code === "MULTIPLE_DOCS") return "keep one document in the file";
  return "mend the YAML here; a value with `: `, `#` or a leading `*`, `&`, `!`, `%`, `@` needs quotes";
}

function locate(parsed: ParsedYaml, path: KeyPath, at: "key" | "value"): Position | undefined {
  let node: unknown = parsed.document.contents;
  let offset = startOf(node);
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1;
    node = isAlias(node) ? node.resolve(parsed.document) : node;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      offset = last && at === "key" ? startOf(pair.key) : (startOf(pair.value) ?? startOf(pair.key));
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      offset = startOf(node);
    } else break;
  }
  return offset === undefined ? undefined : parsed.lines.linePos(offset);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
