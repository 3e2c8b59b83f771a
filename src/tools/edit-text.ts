// Replacing one text by another inside a file's text: exactly once, or everywhere. Pure and linear in the file's size;
// what does not fit is said in words a model can act on.

import { GoclawError } from "../domain/error.ts";

export interface Edit {
  readonly oldText: string;
  readonly newText: string;
  readonly replaceAll: boolean;
}

export interface Edited {
  readonly text: string;
  readonly count: number;
  /** The line of the first replacement, from 1. */
  readonly line: number;
}

const COUNTED = 10_000;

/** Throws BAD_REQUEST. Line ends of the file are kept: an `\n` of the edit stands for the file's own. */
export function editText(text: string, edit: Edit, shown: string): Edited {
  if (edit.oldText === "")
    throw bad(shown, "old_text is empty; give the text to replace, or use write_file for a whole file");
  const { oldText, newText } = withLineEnds(text, edit);
  if (oldText === newText) throw bad(shown, "old_text and new_text are the same; nothing would change");
  const first = text.indexOf(oldText);
  if (first < 0) throw bad(shown, `old_text is not in the file${hintFor(text, oldText)}`);
  const found = countOf(text, oldText, first);
  if (found > 1 && !edit.replaceAll)
    throw bad(
      shown,
      `old_text is in the file ${found >= COUNTED ? `${COUNTED} times or more` : `${found} times`}; ` +
        "add lines around it until it is there once, or set replace_all",
    );
  const line = lineAt(text, first);
  if (edit.replaceAll) return { text: text.split(oldText).join(newText), count: found, line };
  return { text: text.slice(0, first) + newText + text.slice(first + oldText.length), count: 1, line };
}

function withLineEnds(text: string, edit: Edit): { oldText: string; newText: string } {
  const { oldText, newText } = edit;
  const needs = oldText.includes("\n") && !oldText.includes("\r") && text.includes("\r\n");
  if (!needs || text.includes(oldText)) return { oldText, newText };
  const crlf = (part: string): string => part.replace(/\r?\n/g, "\r\n");
  return { oldText: crlf(oldText), newText: crlf(newText) };
}

function countOf(text: string, part: string, first: number): number {
  let found = 0;
  for (let at = first; at >= 0 && found < COUNTED; at = text.indexOf(part, at + part.length)) found++;
  return found;
}

/** Most misses are white space: the line that would do is named. */
function hintFor(text: string, oldText: string): string {
  const wanted = oldText
    .slice(0, 2_000)
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line.length > 3);
  const at = wanted === undefined ? -1 : text.indexOf(wanted);
  if (at < 0) return "; read_file shows what it holds";
  return `, but line ${lineAt(text, at)} has its beginning: white space or a later line differs; read_file shows it`;
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

function bad(shown: string, why: string): GoclawError {
  return new GoclawError("BAD_REQUEST", `${shown}: ${why}; the file is unchanged`);
}
