// `goclaw cost`: what model calls cost, by agent, model, provider, API key, schedule or day.

import { EXIT } from "../domain/error.ts";
import type { CostReport, WireCost } from "../rpc/methods/cost.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { countText, usdText } from "./money-text.ts";
import { paintFor } from "./paint.ts";
import { safeLine } from "./safe-text.ts";
import { type Cell, writeTable } from "./table.ts";

interface CostOptions extends GlobalOptions {
  readonly by?: string;
  readonly since?: string;
  readonly json?: boolean;
}

export async function cost(
  context: Context,
  _args: readonly string[],
  options: CostOptions,
): Promise<number> {
  const query = new URLSearchParams({ by: options.by ?? "agent" });
  if (options.since !== undefined) query.set("since", options.since);
  const report = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.get<CostReport>(`/api/v1/cost?${query}`),
  );
  if (options.json === true) writeJson(context.stdout, report);
  else show(context, report);
  return EXIT.ok;
}

function show({ stdout, stderr }: Context, { by, since, total, rows, truncated }: CostReport): void {
  if (total.calls === 0) {
    stderr.write(since === null ? "no model has answered yet\n" : `no model has answered since ${since}\n`);
    return;
  }
  const { bold } = paintFor(stdout);
  const sum = rowOf({ key: "total", ...total }).map((cell): Cell => ({ ...cell, paint: bold }));
  const head = [by.toUpperCase(), "CALLS", "IN", "CACHED", "OUT", "COST"];
  writeTable(stdout, head, [...rows.map(rowOf), sum], ["CACHED", "IN", "OUT"]);
  if (truncated) stderr.write(`there are more than these ${rows.length} rows; --since shows fewer days\n`);
  const { calls, unpriced_calls: unknown, uncounted_calls: uncounted, partial_calls: partial } = total;
  const unpriced = unknown - uncounted;
  if (unpriced > 0)
    stderr.write(`${unpriced} of ${calls} calls have no known price; add it under models: in config.yaml\n`);
  if (uncounted > 0)
    stderr.write(
      `${uncounted} of ${calls} calls have no known cost: their provider did not say what it counted\n`,
    );
  if (partial > 0)
    stderr.write(
      `${partial} of ${calls} calls broke off before their provider's last count, and cost at least what is shown\n`,
    );
}

function rowOf(row: WireCost): Cell[] {
  const partly = row.unpriced_calls > 0 && row.cost_usd !== null;
  const least = row.partial_calls > 0 && row.cost_usd !== null ? "at least " : "";
  return [
    { text: safeLine(row.key) },
    { text: String(row.calls) },
    { text: countText(row.input_tokens) },
    { text: countText(row.cached_tokens) },
    { text: countText(row.output_tokens) },
    { text: least + usdText(row.cost_usd) + (partly ? ` and ${row.unpriced_calls} of unknown cost` : "") },
  ];
}
