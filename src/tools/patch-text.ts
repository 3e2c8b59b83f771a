// The patch format of apply_patch: what a model writes becomes a list of operations on files, or a BAD_REQUEST that
// names the line of the patch. Pure.

import { GoclawError } from "../domain/error.ts";
import { quoteName } from "../domain/quote.ts";

export interface HunkLine {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

export interface Hunk {
  /** A line to look for first; the hunk applies below it. */
  readonly anchor: string | null;
  readonly lines: readonly HunkLine[];
  readonly atEnd: boolean;
  /** Where the hunk begins in the patch, from 1. */
  readonly patchLine: number;
}

export type PatchOp =
  | { readonly type: "add"; readonly path: string; readonly text: string }
  | { readonly type: "delete"; readonly path: string }
  | {
      readonly type: "update";
      readonly path: string;
      readonly moveTo: string | null;
      readonly hunks: readonly Hunk[];
    };

const FILES_MAX = 100;
const HEAD = /^\*\*\* (Add|Update|Delete) File: (.+)$/;
const MOVE = /^\*\*\* Move to: (.+)$/;
const SIGNS = [" ", "-", "+"] as const;

/** Every file once, in the order of the patch. */
export function parsePatch(patch: string): readonly PatchOp[] {
  const lines = patch.replace(/\r\n/g, "\n").trim().split("\n");
  if (lines[0]?.trim() !== "*** Begin Patch")
    throw bad(1, 'the patch must begin with the line "*** Begin Patch"');
  if (lines.at(-1)?.trim() !== "*** End Patch")
    throw bad(lines.length, 'the patch must end with the line "*** End Patch"');
  const cursor = { at: 1, end: lines.length - 1 };
  const ops: PatchOp[] = [];
  while (cursor.at < cursor.end) ops.push(readOp(lines, cursor));
  if (ops.length === 0) throw bad(2, "the patch changes no file");
  refuseTwice(ops);
  return ops;
}

/** Every path the patch names; none when it does not parse, since then nothing is done. */
export function pathsOfPatch(patch: string): readonly string[] {
  try {
    return parsePatch(patch).flatMap(pathsOf);
  } catch {
    return [];
  }
}

interface Cursor {
  at: number;
  readonly end: number;
}

function readOp(lines: readonly string[], cursor: Cursor): PatchOp {
  const [, kind, name = ""] = HEAD.exec(lines[cursor.at] ?? "") ?? [];
  if (kind === undefined)
    throw bad(
      cursor.at + 1,
      `expected "*** Add File: PATH", "*** Update File: PATH" or "*** Delete File: PATH", found ${quoteName((lines[cursor.at] ?? "").slice(0, 80))}`,
    );
  cursor.at++;
  const path = name.trim();
  if (kind === "Delete") return { type: "delete", path };
  if (kind === "Add") return { type: "add", path, text: readAdded(lines, cursor, path) };
  const moved = MOVE.exec(lines[cursor.at] ?? "");
  if (moved !== null) cursor.at++;
  const hunks: Hunk[] = [];
  while (cursor.at < cursor.end && !HEAD.test(lines[cursor.at] ?? "")) hunks.push(readHunk(lines, cursor));
  if (hunks.length === 0 && moved === null)
    throw bad(cursor.at, `the update of ${quoteName(path)} changes nothing`);
  return { type: "update", path, moveTo: moved?.[1]?.trim() ?? null, hunks };
}

function readAdded(lines: readonly string[], cursor: Cursor, path: string): string {
  const added: string[] = [];
  while (cursor.at < cursor.end && !HEAD.test(lines[cursor.at] ?? "")) {
    const line = lines[cursor.at] ?? "";
    if (!line.startsWith("+"))
      throw bad(cursor.at + 1, `every line of the new file ${quoteName(path)} must begin with "+"`);
    added.push(line.slice(1));
    cursor.at++;
  }
  return added.length === 0 ? "" : `${added.join("\n")}\n`;
}

function readHunk(lines: readonly string[], cursor: Cursor): Hunk {
  const patchLine = cursor.at + 1;
  let anchor: string | null = null;
  const head = lines[cursor.at] ?? "";
  if (head.startsWith("@@")) {
    anchor = head.replace(/^@@( -\d+(,\d+)? \+\d+(,\d+)? @@)?/, "").trim() || null;
    cursor.at++;
  }
  const hunk: HunkLine[] = [];
  let atEnd = false;
  while (cursor.at < cursor.end) {
    const line = lines[cursor.at] ?? "";
    if (line.startsWith("@@") || HEAD.test(line)) break;
    cursor.at++;
    if (line === "*** End of File") {
      atEnd = true;
      break;
    }
    // A model often writes an empty context line without its blank.
    const sign = line === "" ? " " : SIGNS.find((known) => line.startsWith(known));
    if (sign === undefined) throw bad(cursor.at, 'a line of a change must begin with " ", "-" or "+"');
    hunk.push({ sign, text: line.slice(1) });
  }
  if (!hunk.some(({ sign }) => sign !== " ")) throw bad(patchLine, 'this change has no line with "-" or "+"');
  return { anchor, lines: hunk, atEnd, patchLine };
}

function pathsOf(op: PatchOp): string[] {
  return op.type === "update" && op.moveTo !== null ? [op.path, op.moveTo] : [op.path];
}

function refuseTwice(ops: readonly PatchOp[]): void {
  const seen = new Set<string>();
  for (const path of ops.flatMap(pathsOf)) {
    if (seen.has(path))
      throw new GoclawError(
        "BAD_REQUEST",
        `the patch names ${quoteName(path)} twice; put its changes together`,
      );
    seen.add(path);
  }
  if (seen.size > FILES_MAX)
    throw new GoclawError("LIMIT_SIZE", `the patch touches ${seen.size} files; at most ${FILES_MAX} at once`);
}

function bad(line: number, why: string): GoclawError {
  return new GoclawError("BAD_REQUEST", `line ${line} of the patch: ${why}; nothing was changed`);
}
