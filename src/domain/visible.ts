// Text from outside with every character seen that could move a cursor, set colours, reorder a line or hide: what a
// terminal shows, and what a model is told, is then what is there.

/** Control characters but newline and tab; line and bidirectional controls; characters that are not seen at all. The
 *  joiners U+200C and U+200D stay: emoji and several scripts need them. */
const UNSAFE =
  /(?![\n\t])[\p{Cc}\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Several lines; newline and tab stay. */
export function visibleText(text: string): string {
  return text.toWellFormed().replaceAll("\r\n", "\n").replace(UNSAFE, visible);
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}
