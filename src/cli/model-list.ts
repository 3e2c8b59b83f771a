// `goclaw model list`: the models that can be asked, one a line.

import { EXIT } from "../domain/error.ts";
import { ABILITIES } from "../domain/model.ts";
import type { WireModel } from "../rpc/methods/model.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { countText, priceText, UNKNOWN } from "./money-text.ts";
import { type Paint, paintFor } from "./paint.ts";
import { safeLine } from "./safe-text.ts";
import { type Cell, writeTable } from "./table.ts";
import { durationText } from "./time-text.ts";

interface ListOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

interface Page {
  readonly models: readonly WireModel[];
}

export async function modelList(
  context: Context,
  _args: readonly string[],
  options: ListOptions,
): Promise<number> {
  const path = `/api/v1/model-catalog${options.all === true ? "?all=true" : ""}`;
  const page = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.get<Page>(path),
  );
  if (options.json === true) writeJson(context.stdout, page);
  else show(context, page.models);
  return EXIT.ok;
}

function show({ stdout, stderr, clock }: Context, models: readonly WireModel[]): void {
  if (models.length === 0) {
    stderr.write("no provider is configured; `goclaw model list --all` shows what each one lacks\n");
    return;
  }
  const paint = paintFor(stdout);
  const rows = models.map((model): Cell[] => [
    { text: safeLine(model.id) + (model.default ? " *" : "") },
    { text: countText(model.context_window) },
    { text: countText(model.max_output_tokens) },
    {
      text: priceText(model.input_usd_per_mtok, model.output_usd_per_mtok) + (isDoubtful(model) ? " ?" : ""),
    },
    { text: abilitiesText(model.abilities) },
    stateOf(model, paint, clock.nowMs()),
  ]);
  const head = ["MODEL", "WINDOW", "OUTPUT", "USD/MTOK", "CAN", "STATE"];
  writeTable(stdout, head, rows, ["OUTPUT", "CAN", "WINDOW"], { wraps: true });
  // One provider lacks the same for each of its models, and a table has no room for it.
  for (const reason of new Set(models.flatMap((model) => (model.configured ? [] : (model.reason ?? [])))))
    stderr.write(`${safeLine(reason)}\n`);
  const days = models.flatMap(({ price_as_of: day }) => day ?? []).sort();
  if (days.length > 0) stderr.write(`built-in prices were read between ${days[0]} and ${days.at(-1)}\n`);
  if (models.some(isDoubtful))
    stderr.write("? not checked against the vendor's own page; models: overrides\n");
  if (models.some(({ abilities }) => abilities !== null)) stderr.write(`CAN: ${ABILITIES.join(", ")}\n`);
  if (models.some((model) => model.default)) stderr.write("* answers for agents that name no model\n");
}

/** `all`, `all but reasoning`, `tools, images`: as short as it can be said. */
function abilitiesText(abilities: WireModel["abilities"]): string {
  if (abilities === null) return UNKNOWN;
  const lacks = ABILITIES.filter((ability) => !abilities.includes(ability));
  if (lacks.length === 0) return "all";
  if (lacks.length === 1) return `all but ${lacks[0]}`;
  return abilities.join(", ") || "none of them";
}

function isDoubtful({ price_checked: checked }: WireModel): boolean {
  return checked !== null && checked !== "vendor";
}

function stateOf(model: WireModel, paint: Paint, nowMs: number): Cell {
  if (!model.configured) return { text: "not configured", paint: paint.dim };
  if (model.breaker === "closed") return readyState(model, paint, nowMs);
  const left = durationText(Math.max(0, Date.parse(model.retry_at ?? "") - nowMs));
  const again = model.breaker === "open" ? `tried again in ${left}` : "the next call tries it again";
  return { text: `left alone after ${model.failures} failures; ${again}`, paint: paint.bad };
}

/** Of a day that is used up and an announced end, the one that stops the next call comes first. */
function readyState(model: WireModel, paint: Paint, nowMs: number): Cell {
  const { requests_today: used, daily_limit: limit, ends_on: endsOn } = model;
  const today = used === undefined || limit === undefined ? undefined : `${used} of ${limit} requests today`;
  if (today !== undefined && Number(used) >= Number(limit))
    return { text: `${today}; again at 00:00 UTC`, paint: paint.bad };
  const state: Cell =
    endsOn === null ? { text: "ready", paint: paint.good } : stateOfEnding(endsOn, paint, nowMs);
  return today === undefined ? state : { ...state, text: `${state.text}, ${today}` };
}

/** The vendor's announcement; whether the model still answers is for a call to find out. */
function stateOfEnding(day: string, paint: Paint, nowMs: number): Cell {
  const gone = Date.parse(day) <= nowMs;
  return gone
    ? { text: `shut down by its vendor on ${day}`, paint: paint.bad }
    : { text: `ready until ${day}, when its vendor shuts it down`, paint: paint.good };
}
