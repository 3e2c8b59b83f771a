// Words that may not be what they look like: every word with a character beyond ASCII, written out beside itself, and
// whether it mixes scripts whose letters look alike. For whoever must say yes to a text.

export interface OddWord {
  readonly word: string;
  /** The same with every character beyond ASCII as `\u{…}`. */
  readonly written: string;
  /** What is suspicious about it; null when it is only not ASCII. */
  readonly why: string | null;
}

const WORDS = /[^\s"'`/\\,;:|&<>()[\]{}=@]+/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it says
const BEYOND_ASCII = /[^\u0000-\u007f]/u;
const WORDS_MAX = 20;

/** Alphabets that share shapes; others may stand beside Latin without being mistaken for it. */
const ALIKE: readonly (readonly [string, RegExp])[] = [
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
  ["Coptic", /\p{Script=Coptic}/u],
];
/** Full-width forms of ASCII. */
const FULL_WIDTH = /[\uff01-\uff5e]/u;

/** The odd words of every string in a value, each once, at most 20. */
export function oddWords(value: unknown): OddWord[] {
  const found = new Set<string>();
  collect(value, found);
  return [...found]
    .slice(0, WORDS_MAX)
    .map((word) => ({ word, written: written(word), why: suspicion(word) }));
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value === "string") {
    for (const [word] of value.matchAll(WORDS)) if (BEYOND_ASCII.test(word)) found.add(word);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      collect(key, found);
      collect(item, found);
    }
  }
}

function written(word: string): string {
  return [...word]
    .map((character) =>
      BEYOND_ASCII.test(character) ? `\\u{${character.codePointAt(0)?.toString(16)}}` : character,
    )
    .join("");
}

function suspicion(word: string): string | null {
  const scripts = ALIKE.filter(([, script]) => script.test(word)).map(([name]) => name);
  if (scripts.length > 1) return `mixes ${scripts.join(" and ")}`;
  return FULL_WIDTH.test(word) ? "has full-width forms of ASCII" : null;
}
