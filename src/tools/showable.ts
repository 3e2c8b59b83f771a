// Whether a person can see what they would approve: an act too long to read, or a command with characters that hide or
// turn what is shown, is refused instead of asked for.

import type { Touch } from "../domain/act.ts";

const COMMAND_BYTES = 4_096;
const ACT_BYTES = 65_536;

/** First and last of each: soft hyphen, fillers, zero-width, bidirectional, variation selectors, tags, private use. */
const HIDING: readonly (readonly [number, number])[] = [
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xe000, 0xf8ff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0x1d173, 0x1d17a],
  [0xe0000, 0x10ffff],
];

/** Why not; undefined when it can be shown. */
export function unshowable(
  act: Readonly<Record<string, unknown>>,
  touches: readonly Touch[],
): string | undefined {
  const words = touches.flatMap(({ command = [] }) => command);
  // What a program is given to read is read like the content of a file that is written.
  const { stdin, ...command } = act;
  const long =
    tooLong(command, words.length > 0 ? COMMAND_BYTES : ACT_BYTES) ?? tooLong({ stdin }, ACT_BYTES);
  if (long !== undefined) return long;
  const hidden = [...words.join(" ")].find(isHiding);
  if (hidden === undefined) return undefined;
  const point = hidden.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
  return `the command has the invisible character U+${point}; write it without`;
}

function tooLong(part: object, max: number): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(part));
  if (bytes <= max) return undefined;
  return `the act is ${bytes} bytes long; nobody can read more than ${max} before approving`;
}

function isHiding(character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  return HIDING.some(([first, last]) => point >= first && point <= last);
}
