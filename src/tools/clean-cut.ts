// The beginning of a text without its secrets. Redacted first and cut then: a key that the border halves leaves no
// beginning behind that nothing would recognise any more.

/** How far beyond the border a secret may reach that begins before it. */
export const REACH_CHARS = 16_384;

export function cutClean(text: string, charsMax: number, redact: (text: string) => string): string {
  if (text.length <= charsMax) return text;
  const clean = redact(text.slice(0, charsMax + REACH_CHARS));
  const isAll = text.length <= charsMax + REACH_CHARS;
  // What was looked at ends in the middle of something as well, and may have become shorter.
  const end = isAll ? charsMax : Math.min(charsMax, Math.max(0, clean.length - REACH_CHARS));
  return clean.slice(0, end);
}

/** The end of a text, likewise. */
export function cutCleanEnd(text: string, charsMax: number, redact: (text: string) => string): string {
  if (text.length <= charsMax) return text;
  const clean = redact(text.slice(-charsMax - REACH_CHARS));
  const isAll = text.length <= charsMax + REACH_CHARS;
  const left = isAll ? charsMax : Math.min(charsMax, Math.max(0, clean.length - REACH_CHARS));
  return clean.slice(clean.length - Math.min(left, clean.length));
}
