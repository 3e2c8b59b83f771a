// Patterns from a model, matched in time linear in the text whatever they are: V8's non-backtracking engine, which
// refuses what it cannot do so (look-ahead, back-references, large counts). Without special characters it is a plain search.

import { setFlagsFromString } from "node:v8";
import { GoclawError, messageOf } from "../domain/error.ts";

export interface Pattern {
  readonly matches: (line: string) => boolean;
  /** What a character of text costs, in units of at most about 20 ns. */
  readonly cost: number;
}

export interface PatternOptions {
  readonly isLiteral: boolean;
  readonly ignoreCase: boolean;
}

const EXPRESSION_CHARS = 300;
/** Of a longer line only the beginning is looked at, so that one line cannot stop the daemon. */
const LINE_CHARS = 20_000;
/** A plain search is that cheap. */
const LITERAL_COST = 0.05;
const SPECIAL = /[\\^$.*+?()[\]{}|]/;
let isEngineOn = false;

/** Throws BAD_REQUEST for what is no pattern or cannot be matched in linear time. */
export function compilePattern(source: string, { isLiteral, ignoreCase }: PatternOptions): Pattern {
  const fold = ignoreCase ? (text: string): string => text.toLowerCase() : (text: string): string => text;
  if (isLiteral || !SPECIAL.test(source)) {
    const wanted = fold(source);
    return { matches: (line) => fold(line).includes(wanted), cost: LITERAL_COST };
  }
  if (source.length > EXPRESSION_CHARS)
    throw new GoclawError(
      "BAD_REQUEST",
      `the pattern has ${source.length} characters; an expression may have ${EXPRESSION_CHARS}`,
    );
  const expression = compileLinear(ignoreCase ? foldPattern(source) : source, source);
  return { matches: (line) => expression.test(fold(line.slice(0, LINE_CHARS))), cost: source.length };
}

/** `*`, `?`, `**` and `{a,b}` over a path with `/`; without a `/` in it the glob is about the last name. */
export function compileGlob(glob: string): (path: string) => boolean {
  const isPath = glob.includes("/");
  const expression = compileLinear(`^${globSource(glob.replace(/^\.?\//, ""))}$`, glob);
  return (path) => expression.test(isPath ? path : path.slice(path.lastIndexOf("/") + 1));
}

function globSource(glob: string): string {
  let depth = 0;
  return glob.replace(/\*\*\/|\*\*|\*|\?|\{|\}|,|[\\^$.+()[\]|]/g, (mark) => {
    if (mark === "**/") return "(?:.*/)?";
    if (mark === "**") return ".*";
    if (mark === "*") return "[^/]*";
    if (mark === "?") return "[^/]";
    if (mark === "{") return depth++ === 0 ? "(?:" : "\\{";
    if (mark === "}") return depth-- === 1 ? ")" : "\\}";
    if (mark === ",") return depth > 0 ? "|" : ",";
    return `\\${mark}`;
  });
}

function compileLinear(source: string, written: string): RegExp {
  if (!isEngineOn) {
    // Only makes the flag `l` known; no other expression of the process is affected.
    setFlagsFromString("--enable-experimental-regexp-engine");
    isEngineOn = true;
  }
  try {
    return new RegExp(source, "l");
  } catch (error) {
    const why = messageOf(error).includes("linear time")
      ? "has look-ahead, a back-reference or a large {count}, which could take for ever"
      : `is not valid (${messageOf(error)})`;
    throw new GoclawError(
      "BAD_REQUEST",
      `the pattern ${JSON.stringify(written)} ${why}; simplify it, or set literal`,
    );
  }
}

/** The engine knows no flag `i`: the pattern's letters are folded as the text is, its escapes are not. */
function foldPattern(source: string): string {
  return source.replace(/\\.|[^\\]+/gs, (part) => (part.startsWith("\\") ? part : part.toLowerCase()));
}
