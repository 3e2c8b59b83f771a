// Which of the known names somebody probably meant: a slip of the fingers, or a part of the name.

const WORD_CHARS_MAX = 200;
const PART_CHARS_MIN = 3;

/** The candidate that was probably meant, or undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > WORD_CHARS_MAX) return undefined;
  const asked = word.toLowerCase();
  let best: { readonly name: string; readonly slips: number } | undefined;
  for (const name of candidates) {
    const slips = distance(asked, name);
    if (best === undefined || slips < best.slips) best = { name, slips };
  }
  if (best !== undefined && best.slips <= Math.max(2, Math.floor(best.name.length / 3))) return best.name;
  return candidates.find((name) => isPartOf(asked, name)) ?? candidates.find((name) => shares(asked, name));
}

/** How many characters must be added, removed or replaced (Levenshtein), row by row. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let index = 1; index <= to.length; index++) {
      const same = from[at - 1] === to[index - 1] ? 0 : 1;
      const [left, above, corner] = [next[index - 1] ?? 0, row[index] ?? 0, row[index - 1] ?? 0];
      next.push(Math.min(left + 1, above + 1, corner + same));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** `per_day` of `per_day_usd`, `url` of `base_url`. */
function isPartOf(word: string, name: string): boolean {
  return word.length >= PART_CHARS_MIN && `_${name}_`.includes(`_${word}_`);
}

/** `expression` and `cron_expr`: one is short for a part of the other. */
function shares(word: string, name: string): boolean {
  if (!name.includes("_")) return false;
  return name.split("_").some((part) => part.length > PART_CHARS_MIN && word.startsWith(part));
}
