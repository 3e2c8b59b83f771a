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
/** For a column that is read. */
const LEAST_READ_COLUMNS = 28;

/**
 * `spare`: columns that a narrow terminal does without, the first one first. `wraps`: the last column is there to be read,
 * and goes on below itself instead of being cut.
 */
export function writeTable(
  output: Output,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  spare: readonly string[] = [],
  { wraps = false } = {},
): void {
  const { bold } = paintFor(output);
  const heading = head.map((text): Cell => ({ text, paint: bold }));
  let table: readonly (readonly Cell[])[] = [heading, ...rows];
  for (const name of spare) {
    if (
      leastWidth(table, wraps ? LEAST_READ_COLUMNS : LEAST_COLUMNS) <=
      (output.columns ?? Number.POSITIVE_INFINITY)
    )
      break;
    const index = table[0]?.findIndex((cell) => cell.text === name);
    table = table.map((row) => row.filter((_, at) => at !== index));
  }
  const widths = fitWidths(table, output.columns);
  const lines = wraps ? table.flatMap((row) => wrapLast(row, widths.at(-1) ?? 0)) : table;
  for (const row of lines) output.write(`${formatRow(row, widths)}\n`);
}

/** The row as several, in which the words of its last cell follow each other. */
function wrapLast(row: readonly Cell[], width: number): readonly (readonly Cell[])[] {
  const last = row.at(-1);
  if (widthOf(last?.text ?? "") <= width) return [row];
  const lines = [""];
  for (const word of last?.text.split(" ") ?? []) {
    const longer = `${lines.at(-1)} ${word}`.trimStart();
    if (widthOf(longer) <= width || lines.at(-1) === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((text, index) => [
    ...row.slice(0, -1).map((cell) => (index === 0 ? cell : { text: "" })),
    { ...last, text },
  ]);
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

function naturalWidths(rows: readonly (readonly Cell[])[]): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, index) =>
    rows.reduce((width, row) => Math.max(width, widthOf(row[index]?.text ?? "")), 0),
  );
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

/** How wide the rows are when only the last column has given way. */
function leastWidth(rows: readonly (readonly Cell[])[], least: number): number {
  const widths = naturalWidths(rows);
  const last = widths.pop() ?? 0;
  return total([...widths, Math.min(last, least)]);
}

function fitWidths(rows: readonly (readonly Cell[])[], columns = Number.POSITIVE_INFINITY): number[] {
  const widths = naturalWidths(rows);
  for (let index = widths.length - 1; index >= 0; index--) {
    const over = total(widths) - columns;
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
