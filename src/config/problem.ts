// What can be wrong with a configuration, and how it is said: `file:line:col key: what is wrong — what to do`.
// Every problem of a file is reported in one error, because mending them one start at a time is tiresome.

import { type Code, GoclawError } from "../domain/error.ts";
import { nearest } from "../domain/nearest.ts";

const PROBLEMS_SHOWN_MAX = 40;

export type KeyPath = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly col: number;
}

export interface Problem {
  readonly path: KeyPath;
  /** Which end of the pair is at fault: an unknown key, or (the default) a value. */
  readonly at?: "key" | "value";
  /** A position in the YAML source, where no path leads there. */
  readonly position?: Position;
  /** A place outside the YAML source, already in words. */
  readonly where?: string;
  readonly what: string;
  readonly fix: string;
  /** Set when another code than CONFIG_INVALID describes it. */
  readonly code?: Code;
}

/** `agents.0.model`, as `goclaw config get` takes it. */
export function dotted(path: KeyPath): string {
  return path.join(".");
}

export function describe(problem: Problem, where: string): string {
  const key = problem.path.length === 0 ? "" : ` ${dotted(problem.path)}`;
  return `${where}${key}: ${problem.what} — ${problem.fix}`;
}

/** `(nearest: x)` when something is near, else `(allowed: …)`. */
export function suggest(word: string, candidates: readonly string[]): string {
  const best = nearest(word, candidates);
  return best === undefined ? `(allowed: ${candidates.join(", ")})` : `(nearest: ${best})`;
}

/** One error for all problems. It has a code other than CONFIG_INVALID only when every problem has that code. */
export function configError(
  problems: readonly Problem[],
  whereOf: (problem: Problem) => string,
): GoclawError {
  const lines = problems.map((problem) => describe(problem, whereOf(problem)));
  const codes = new Set(problems.map((problem) => problem.code ?? "CONFIG_INVALID"));
  const code: Code = codes.size === 1 ? ([...codes][0] ?? "CONFIG_INVALID") : "CONFIG_INVALID";
  if (lines.length === 1) return new GoclawError(code, lines[0] ?? "");
  const shown = lines.slice(0, PROBLEMS_SHOWN_MAX);
  if (shown.length < lines.length) shown.push(`and ${lines.length - shown.length} more`);
  return new GoclawError(code, [`the configuration has ${lines.length} problems:`, ...shown].join("\n  "));
}
