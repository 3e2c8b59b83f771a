// Tables for people: columns as wide as their content, and on a terminal never wider than it. The last column gives way
// first, because it holds the longest and least needed text.

import type { Output } from "./context.ts";
import { paintFor } from "./paint.ts";
import { fitText, widthOf } from "./safe-text.ts";

export interface Cell {
  /** Safe for a terminal already. */
  readonly text: string;
  readonly paint?: (text: string) => string;
}

const GAP = 2;
const LEAST_COLUMNS = 10;

export function writeTable(
  output: Output,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): void {
  const { bold } = paintFor(output);
  const heading = head.map((text): Cell => ({ text, paint: bold }));
  const widths = fitWidths([heading, ...rows], output.columns);
  for (const row of [heading, ...rows]) output.write(`${formatRow(row, widths)}\n`);
}

/** Pairs under each other: `name   value`. */
export function writePairs(output: Output, pairs: readonly (readonly [string, string | Cell])[]): void {
  const { dim } = paintFor(output);
  const rows = pairs.map(([name, value]): Cell[] => [
    { text: name, paint: dim },
    typeof value === "string" ? { text: value } : value,
  ]);
  const nameWidth = Math.max(0, ...pairs.map(([name]) => widthOf(name)));
  for (const row of rows) output.write(`${formatRow(row, [nameWidth, Number.POSITIVE_INFINITY])}\n`);
}

function fitWidths(rows: readonly (readonly Cell[])[], columns = Number.POSITIVE_INFINITY): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(...rows.map((row) => widthOf(row[index]?.text ?? ""))),
  );
  for (let index = count - 1; index >= 0; index--) {
    const over = widths.reduce((sum, width) => sum + width + GAP, -GAP) - columns;
    if (over <= 0) break;
    widths[index] = Math.max(Math.min(widths[index] ?? 0, LEAST_COLUMNS), (widths[index] ?? 0) - over);
  }
  return widths;
}

function formatRow(row: readonly Cell[], widths: readonly number[]): string {
  const cells = row.map(({ text, paint = (it) => it }, index) => {
    const width = widths[index] ?? 0;
    const shown = fitText(text, width);
    const last = index === row.length - 1;
    return paint(shown) + (last ? "" : " ".repeat(width - widthOf(shown) + GAP));
  });
  return cells.join("").trimEnd();
}
