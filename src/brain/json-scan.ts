// Finds JSON objects and arrays in the midst of other text by the grammar itself, so that braces in strings and in prose
// do not mislead it. A start that is no JSON fails at its first wrong character.

/** Deeper values are refused: what walks them afterwards does so recursively. */
export const DEPTH_MAX = 256;

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Scan {
  /** Whole values, none inside another: the one at `start`, or what was complete before the scan failed. */
  readonly spans: readonly Span[];
  /** Where to look on. Always after `start`. */
  readonly next: number;
  /** How many characters were looked at. */
  readonly looked: number;
}

/** What may come next; after a value it is `,` or the closing bracket. */
type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end";

const SPACE = new Set([" ", "\n", "\r", "\t"]);
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** `text[start]` is `{` or `[`. */
export function scanValue(text: string, start: number): Scan {
  const open: number[] = [];
  const spans: Span[] = [];
  // The first bracket inside a string: when the scan fails, the quotes may have been prose and the bracket a start.
  let hidden = -1;
  let expected: Expected = "value";
  let at = start;
  const stop = (): Scan => ({
    spans,
    next: hidden > start ? hidden : Math.max(at, start + 1),
    looked: at - start,
  });
  while (at < text.length) {
    const char = text.charAt(at);
    const wantsValue: boolean = expected === "value" || expected === "value or end";
    if (SPACE.has(char)) {
      at += 1;
    } else if (wantsValue && (char === "{" || char === "[")) {
      if (open.length === DEPTH_MAX) return stop();
      open.push(at);
      expected = char === "{" ? "key or end" : "value or end";
      at += 1;
    } else if (mayClose(expected) && char === (text[open.at(-1) ?? -1] === "{" ? "}" : "]")) {
      const from = open.pop() as number;
      at += 1;
      while ((spans.at(-1)?.start ?? -1) > from) spans.pop();
      spans.push({ start: from, end: at });
      if (hidden > from) hidden = -1;
      if (open.length === 0) return stop();
      expected = "comma or end";
    } else if (expected === "comma or end" && char === ",") {
      expected = text[open.at(-1) ?? -1] === "{" ? "key" : "value";
      at += 1;
    } else if (expected === "colon" && char === ":") {
      expected = "value";
      at += 1;
    } else if (char === '"' && (wantsValue || expected === "key" || expected === "key or end")) {
      const found = scanString(text, at);
      if (hidden < 0 && found.bracket >= 0) hidden = found.bracket;
      at = found.end;
      if (!found.closed) return stop();
      expected = wantsValue ? "comma or end" : "colon";
    } else if (wantsValue) {
      const end = scanWord(text, at);
      if (!isScalar(text.slice(at, end))) return stop();
      at = end;
      expected = "comma or end";
    } else return stop();
  }
  return stop();
}

function mayClose(expected: Expected): boolean {
  return expected === "comma or end" || expected === "value or end" || expected === "key or end";
}

function scanString(text: string, start: number): { end: number; closed: boolean; bracket: number } {
  let bracket = -1;
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { end: at + 1, closed: true, bracket };
    if (code < 0x20) return { end: at, closed: false, bracket };
    if (code === 0x5c) at += 1;
    else if (bracket < 0 && (code === 0x7b || code === 0x5b)) bracket = at;
  }
  return { end: text.length, closed: false, bracket };
}

const WORD_MAX = 1_024;

function scanWord(text: string, start: number): number {
  const limit = Math.min(text.length, start + WORD_MAX);
  let end = start;
  while (end < limit && /[A-Za-z0-9+.-]/.test(text.charAt(end))) end += 1;
  return end;
}

function isScalar(word: string): boolean {
  return word === "true" || word === "false" || word === "null" || NUMBER.test(word);
}
