// Collects what every round measured and turns it into medians, ratios and verdicts. A ratio is taken inside a round,
// where both sides saw the same machine, and its median over the rounds is shown; above 1 is better for goclaw.

import { median } from "./kit/stats.ts";
import { ROWS, type Row } from "./rows.ts";
import { OURS, SYSTEMS } from "./systems.ts";

export interface Line {
  readonly system: string;
  readonly name: string;
  readonly median: number;
  readonly samples: readonly number[];
  /** How many times as good goclaw is; null for goclaw itself and where there is nothing to compare. */
  readonly ratio: number | null;
}

export interface Result {
  readonly row: Row;
  readonly lines: readonly Line[];
  /** "reached", or "short: …" with what it is; null without a target. */
  readonly verdict: string | null;
}

export class Board {
  readonly notes: string[] = [];
  readonly #failures = new Map<string, string>();
  readonly #samples = new Map<string, Map<string, number[]>>();

  add(row: string, system: string, value: number): void {
    if (!ROWS.some(({ id }) => id === row)) throw new Error(`rows.ts has no row ${row}`);
    const systems = this.#samples.get(row) ?? new Map<string, number[]>();
    this.#samples.set(row, systems);
    systems.set(system, [...(systems.get(system) ?? []), value]);
  }

  /** Says why goclaw has no figure in a row: it could not do what the row measures. */
  fail(row: string, why: string): void {
    this.#failures.set(row, why);
  }

  /** A line below the table: what was left out, or how a figure is to be read. Said once. */
  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  results(): Result[] {
    return ROWS.flatMap((row) => {
      const systems = this.#samples.get(row.id) ?? new Map<string, number[]>();
      const why = this.#failures.get(row.id);
      if (systems.size === 0 && why === undefined) return [];
      const verdict = why === undefined ? verdictOf(row, systems) : `short: ${why}`;
      return [{ row, lines: linesOf(row, systems), verdict }];
    });
  }
}

function linesOf(row: Row, systems: ReadonlyMap<string, readonly number[]>): Line[] {
  const ours = systems.get(OURS) ?? [];
  return SYSTEMS.flatMap(({ id, name, own }) => {
    const samples = systems.get(id);
    if (samples === undefined) return [];
    return [
      { system: id, name, median: median(samples), samples, ratio: own ? null : ratioOf(row, ours, samples) },
    ];
  });
}

function ratioOf(row: Row, ours: readonly number[], theirs: readonly number[]): number | null {
  if (ours.length === 0) return null;
  const rounds = theirs.map((their, round) => {
    const our = ours[Math.min(round, ours.length - 1)] ?? Number.NaN;
    return row.better === "more" ? our / their : their / our;
  });
  const ratio = median(rounds);
  return Number.isFinite(ratio) ? ratio : null;
}

function verdictOf(row: Row, systems: ReadonlyMap<string, readonly number[]>): string | null {
  const ours = systems.get(OURS);
  if (row.target === undefined || ours === undefined) return null;
  const value = median(ours);
  const good = row.better === "more" ? value >= row.target : value <= row.target;
  if (good) return "reached";
  const share = value / row.target;
  return `short: ${share < 1 ? `${Math.round(share * 100)} %` : `${share.toFixed(2)} ×`} of the target`;
}
