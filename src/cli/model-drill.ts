// `goclaw model drill`: each fault of a provider, what it was taken for, and who answered in the end.

import { EXIT } from "../domain/error.ts";
import { type Context, type DrillRow, type GlobalOptions, writeJson } from "./context.ts";
import { paintFor } from "./paint.ts";
import { type Cell, writeTable } from "./table.ts";
import { durationText } from "./time-text.ts";

interface DrillOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function modelDrill(
  context: Context,
  _args: readonly string[],
  options: DrillOptions,
): Promise<number> {
  const rows = await context.drillModels();
  const wrong = rows.filter((row) => !row.ok);
  if (options.json === true) writeJson(context.stdout, { ok: wrong.length === 0, faults: rows.map(toWire) });
  else show(context, rows, wrong.length);
  return wrong.length === 0 ? EXIT.ok : EXIT.failed;
}

function toWire({ fault, errorClass, verdict, answeredBy, calls, billedTokens, counted, ms, ok }: DrillRow) {
  return {
    ...{ fault, class: errorClass, verdict, answered_by: answeredBy, calls },
    ...{ billed_tokens: billedTokens, counted_failures: counted, ms, ok },
  };
}

function show({ stdout, stderr }: Context, rows: readonly DrillRow[], wrong: number): void {
  const paint = paintFor(stdout);
  const cells = rows.map((row): Cell[] => [
    { text: row.fault },
    { text: row.errorClass },
    { text: row.verdict },
    { text: row.answeredBy ?? "nobody" },
    { text: `${row.calls.primary}+${row.calls.backup}` },
    { text: `${row.billedTokens.primary}+${row.billedTokens.backup}` },
    { text: durationText(row.ms), paint: paint.dim },
    row.ok ? { text: "right", paint: paint.good } : { text: "WRONG", paint: paint.bad },
  ]);
  const head = ["FAULT", "CLASS", "VERDICT", "ANSWERED", "CALLS", "BILLED", "TOOK", ""];
  writeTable(stdout, head, cells, ["TOOK", "BILLED"]);
  const judged = wrong === 0 ? "each had the right survivor" : `${wrong} went wrong`;
  stderr.write(`${rows.length} faults, ${judged}; calls and billed tokens are primary+backup\n`);
}
