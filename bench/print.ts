// The table as text: one block a row, one line a system, numbers aligned.

import type { Board, Result } from "./board.ts";
import type { Unit } from "./rows.ts";

const NAME_WIDTH = 58;

export function printBoard(board: Board): string {
  return [...board.results().map(printResult), ...board.notes.map((note) => `note: ${note}`)].join("\n");
}

function printResult({ row, lines, verdict }: Result): string {
  const target =
    row.target === undefined
      ? ""
      : `   [target ${row.better === "more" ? "≥" : "≤"} ${showValue(row.target, row.unit)}: ${verdict ?? "not measured"}]`;
  const body = lines.map(({ name, median, ratio }) => {
    const compared = ratio === null ? "" : `   goclaw is ${showRatio(ratio)} as good`;
    return `  ${name.padEnd(NAME_WIDTH)} ${showValue(median, row.unit).padStart(12)}${compared}`;
  });
  return [`${row.what}${target}`, ...body, ""].join("\n");
}

export function showValue(value: number, unit: Unit): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const number = value.toLocaleString("en-GB", { minimumFractionDigits: 0, maximumFractionDigits: digits });
  if (unit === "count") return number;
  return unit === "/s" || unit === "%" || unit === "×"
    ? `${number}${unit === "/s" ? "" : " "}${unit}`
    : `${number} ${unit}`;
}

export function showRatio(ratio: number): string {
  return `${ratio.toFixed(ratio >= 10 ? 0 : 2)} ×`;
}
