// Text from outside cannot control a terminal, tables keep to its width, and durations read well.

import { expect, test } from "vitest";
import { writeJson } from "../../../src/cli/context.ts";
import { fitText, safeLine, safeText, widthOf } from "../../../src/cli/safe-text.ts";
import { writePairs, writeTable } from "../../../src/cli/table.ts";
import { agoText, durationText } from "../../../src/cli/time-text.ts";
import { keep } from "./stand-in.ts";

const ESC = "\u001b";

test("control, bidirectional and invisible characters become visible; newline and tab stay in text", () => {
  expect(safeText(`a${ESC}[31mb\rc\u009bd\u202ee\u200bf\u0000`)).toBe(
    "a␛[31mb␍c<U+009B>d<U+202E>e<U+200B>f␀",
  );
  expect(safeText("one\r\ntwo\tthree\n")).toBe("one\ntwo\tthree\n");
  expect(safeText("\ud800")).toBe("\ufffd");
  expect(safeText("👩\u200d💻 日本 עברית")).toBe("👩\u200d💻 日本 עברית");
  expect(safeLine("  one\n two\u2028three ")).toBe("one two three");
});

test("widths count columns, and a cut text says that it is cut", () => {
  expect([widthOf("abc"), widthOf("日本"), widthOf("e\u0301"), widthOf("🙂")]).toEqual([3, 4, 1, 2]);
  expect([fitText("abcdef", 4), fitText("abc", 3), fitText("日本語", 4), fitText("abc", 0)]).toEqual([
    "abc…",
    "abc",
    "日…",
    "",
  ]);
});

const ROWS = [
  [{ text: "x".repeat(36) }, { text: "SUCCEEDED" }, { text: "default" }, { text: "p".repeat(90) }],
];

test.each([35, 40, 60, 80, 200])("a table keeps to %d columns", (columns) => {
  const output = keep({ isTerminal: true, columns });
  writeTable(output, ["ID", "STATE", "AGENT", "PROMPT"], ROWS, ["AGENT"]);
  for (const line of output.text().split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  expect(output.text().includes("default")).toBe(columns > 60);
});

test("a last column that is read and not scanned goes on below itself", () => {
  const rows = [
    ["CODE_A", "the first meaning is long"],
    ["CODE_B", "short"],
  ];
  const output = keep({ isTerminal: true, columns: 22 });
  const cells = rows.map((row) => row.map((text) => ({ text })));
  writeTable(output, ["CODE", "MEANING"], cells, [], { wraps: true });
  expect(output.text()).toBe(
    "CODE    MEANING\nCODE_A  the first\n        meaning is\n        long\nCODE_B  short\n",
  );
});

test("columns that are spare go before one that is read becomes too narrow for it", () => {
  const output = keep({ isTerminal: true, columns: 60 });
  const row = ["2026-11-20 16:52:06", "QUEUED → CLAIMED", "claimed by a lane, attempt 1"];
  writeTable(output, ["AT", "STATE", "WHAT"], [row.map((text) => ({ text }))], ["STATE"], { wraps: true });
  expect(output.text()).toBe(`AT                   WHAT\n${row[0]}  ${row[2]}\n`);
});

test("a table that is not for a terminal cuts nothing", () => {
  const output = keep();
  writeTable(output, ["ID", "STATE", "AGENT", "PROMPT"], ROWS, ["AGENT"]);
  expect(output.text()).toContain("p".repeat(90));
  expect(output.text()).not.toContain(ESC);
});

test("colours appear only where the output has them", () => {
  const plain = keep();
  const colored = keep({ isTerminal: true, colors: true });
  for (const output of [plain, colored]) writePairs(output, [["name", "value"]]);
  expect(plain.text()).toBe("name  value\n");
  expect(colored.text()).toContain(ESC);
});

test("JSON stays JSON and holds nothing that a terminal acts on", () => {
  const output = keep();
  const value = { text: `a${ESC}b\u009bc\u202ed\u2028e日` };
  writeJson(output, value);
  expect(JSON.parse(output.text())).toEqual(value);
  expect(output.text()).toMatch(/^[\x20-\x7e日]+\n$/);
});

test("durations", () => {
  const words = [0, 850, 4_000, 4_500, 12_400, 65_000, 3_600_000, 12_000_000, 200_000_000].map(durationText);
  expect(words).toEqual([
    "0 ms",
    "850 ms",
    "4 s",
    "4.5 s",
    "12 s",
    "1 min 5 s",
    "1 h",
    "3 h 20 min",
    "2 d 7 h",
  ]);
  const at = Date.parse("2026-01-31T09:00:00.000Z");
  expect(["2026-01-31T08:59:50.400Z", "2026-01-31T09:00:09.000Z"].map((wire) => agoText(wire, at))).toEqual([
    "9 s ago",
    "now",
  ]);
});
