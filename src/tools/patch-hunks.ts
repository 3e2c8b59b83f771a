// Applies the hunks of a patch to a file's text: each is found below the one before by its context and removed lines,
// and in one place only. Pure; bounded work, whatever the text and the patch.

import { GoclawError } from "../domain/error.ts";
import type { Hunk } from "./patch-text.ts";

/** Comparisons of lines for one file. */
const STEPS = 20_000_000;

/** Throws BAD_REQUEST when a hunk fits nowhere, or in two places. Lines that stay keep their line ends. */
export function applyHunks(text: string, hunks: readonly Hunk[], shown: string): string {
  const eol = text.includes("\r\n") ? "\r" : "";
  const endsWhole = text === "" || text.endsWith("\n");
  let lines = text === "" ? [] : text.split("\n");
  if (text.endsWith("\n")) lines.pop();
  let from = 0;
  const budget = { steps: STEPS, shown };
  for (const hunk of hunks) {
    const start = hunk.anchor === null ? from : afterAnchor(lines, hunk, from, shown);
    const old = hunk.lines.filter(({ sign }) => sign !== "+").map((line) => line.text);
    const at = old.length === 0 ? insertionAt(lines, hunk, start) : placeOf(lines, old, hunk, start, budget);
    const { kept, length } = rewrite(lines, hunk, at, eol);
    lines = lines.slice(0, at).concat(kept, lines.slice(at + length));
    from = at + kept.length;
  }
  return lines.length === 0 ? "" : lines.join("\n") + (endsWhole ? "\n" : "");
}

function rewrite(
  lines: readonly string[],
  hunk: Hunk,
  at: number,
  eol: string,
): { kept: string[]; length: number } {
  const kept: string[] = [];
  let next = at;
  for (const { sign, text } of hunk.lines) {
    if (sign === "+") kept.push(text + eol);
    else {
      if (sign === " ") kept.push(lines[next] ?? "");
      next++;
    }
  }
  return { kept, length: next - at };
}

function afterAnchor(lines: readonly string[], hunk: Hunk, from: number, shown: string): number {
  const wanted = (hunk.anchor ?? "").trim();
  const exact = lines.findIndex((line, index) => index >= from && line.trim() === wanted);
  const at = exact >= 0 ? exact : lines.findIndex((line, index) => index >= from && line.includes(wanted));
  if (at < 0)
    throw bad(shown, hunk, `no line ${JSON.stringify(hunk.anchor)} is there, from line ${from + 1} on`);
  return at + 1;
}

/** New lines without context: below the anchor, else at the end of the file. */
function insertionAt(lines: readonly string[], hunk: Hunk, start: number): number {
  return hunk.anchor !== null && !hunk.atEnd ? start : lines.length;
}

function placeOf(
  lines: readonly string[],
  old: readonly string[],
  hunk: Hunk,
  start: number,
  budget: { steps: number; readonly shown: string },
): number {
  for (const same of [isSame, isSameTrimmed]) {
    // The line of the anchor may be repeated as the hunk's first.
    const begin = hunk.anchor === null ? start : start - 1;
    const found: number[] = [];
    for (let at = begin; at + old.length <= lines.length && found.length < 2; at++) {
      if (hunk.atEnd && at + old.length < lines.length) continue;
      if (fits(lines, old, at, same, budget)) found.push(at);
      if (found.length === 1 && hunk.anchor !== null) break;
    }
    const [first, second] = found;
    if (second !== undefined)
      throw bad(
        budget.shown,
        hunk,
        `its lines are at line ${(first ?? 0) + 1} and at line ${second + 1}; add context, or "@@ LINE" with a line above`,
      );
    if (first !== undefined) return first;
  }
  throw bad(
    budget.shown,
    hunk,
    `its lines ${JSON.stringify(old[0])} … are not there from line ${start + 1} on; read the file again`,
  );
}

function fits(
  lines: readonly string[],
  old: readonly string[],
  at: number,
  same: (a: string, b: string) => boolean,
  budget: { steps: number; readonly shown: string },
): boolean {
  for (const [index, line] of old.entries()) {
    if (--budget.steps < 0)
      throw new GoclawError(
        "LIMIT_SIZE",
        `${budget.shown}: the patch takes too long to place; make its changes smaller`,
      );
    if (!same(lines[at + index] ?? "", line)) return false;
  }
  return true;
}

function isSame(line: string, wanted: string): boolean {
  return line === wanted || (line.endsWith("\r") && line.slice(0, -1) === wanted);
}

function isSameTrimmed(line: string, wanted: string): boolean {
  return line.trimEnd() === wanted.trimEnd();
}

function bad(shown: string, { patchLine }: Hunk, why: string): GoclawError {
  return new GoclawError(
    "BAD_REQUEST",
    `${shown}: the change at line ${patchLine} of the patch: ${why}; nothing was changed`,
  );
}
