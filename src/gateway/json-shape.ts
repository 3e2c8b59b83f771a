// Looks at the shape of a JSON text before it is parsed: bodies that nest, repeat or spread beyond any use are refused
// while they are still one string, and an object that says a key twice is refused because parsers disagree about it.

export interface ShapeLimits {
  readonly depth: number;
  readonly keys: number;
  readonly numberChars: number;
}

export const BODY_SHAPE: ShapeLimits = { depth: 100, keys: 50_000, numberChars: 64 };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What is wrong with the text; undefined when nothing is. Whether it is JSON at all is for the parser to say. */
export function faultOfShape(text: string, limits: ShapeLimits = BODY_SHAPE): string | undefined {
  /** The keys of every open object, and null for an open array. */
  const open: (Set<string> | null)[] = [];
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (isKey(text, end)) {
        const raw = text.slice(at + 1, end);
        const key = raw.includes("\\") ? unescaped(raw) : raw;
        const seen = open.at(-1);
        if (seen?.has(key)) return `the key ${JSON.stringify(key.slice(0, 64))} stands twice in one object`;
        seen?.add(key);
        if (++keys > limits.keys) return `it has more than ${limits.keys} keys`;
      }
      at = end;
    } else if (code === 0x7b || code === 0x5b) {
      open.push(code === 0x7b ? new Set() : null);
      if (open.length > limits.depth) return `it nests deeper than ${limits.depth} levels`;
    } else if (code === 0x7d || code === 0x5d) open.pop();
    else if (isDigit(code)) {
      const end = endOfNumber(text, at);
      if (end - at > limits.numberChars)
        return `it has a number of more than ${limits.numberChars} characters`;
      at = end - 1;
    }
  }
  return undefined;
}

/** Where the closing quote is; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (" \t\r\n".includes(text[at] ?? "x")) at++;
  return text[at] === ":";
}

function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw; // not JSON, which the parser says
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

function endOfNumber(text: string, start: number): number {
  let end = start;
  while (end < text.length && "0123456789+-.eE".includes(text[end] as string)) end++;
  return end;
}
