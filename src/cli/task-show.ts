// `goclaw task show` and `goclaw task events`: one task, and everything that happened to it.

import { EXIT } from "../domain/error.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import { type Context, type GlobalOptions, type Output, writeJson } from "./context.ts";
import { eventText } from "./event-text.ts";
import { readEvents } from "./events-of.ts";
import { findTask } from "./find-by-id.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { paintFor, paintState } from "./paint.ts";
import { safeLine, safeText } from "./safe-text.ts";
import { type Cell, writePairs, writeTable } from "./table.ts";
import { localTime } from "./time-text.ts";

interface JsonOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function taskShow(
  context: Context,
  [id = ""]: readonly string[],
  options: JsonOptions,
): Promise<number> {
  const paths = openHome(context, options);
  const task = await withLink(context, paths, options, {}, ({ api }) => findTask(api, id));
  if (options.json === true) writeJson(context.stdout, { task });
  else showTask(context.stdout, task);
  return EXIT.ok;
}

function showTask(output: Output, task: WireTask): void {
  const paint = paintFor(output);
  const time = (wire: string | undefined): string => (wire === undefined ? "–" : localTime(wire));
  const reason = task.reason_code === undefined ? "" : ` (${task.reason_code})`;
  const { input_tokens: input, output_tokens: out, cached_tokens: cached, cost_usd: cost } = task.usage;
  const tokens = `${input} in, ${out} out${cached > 0 ? `, ${cached} of them cached` : ""}`;
  writePairs(output, [
    ["task", safeLine(task.id)],
    ["state", { text: task.state + reason, paint: paintState(paint, task.state) }],
    ["agent", safeLine(task.agent_id)],
    ["session", safeLine(task.session_id)],
    ...(task.route === undefined ? [] : ([["route", routeText(task.route)]] as const)),
    ...(task.schedule_id === undefined ? [] : ([["schedule", task.schedule_id]] as const)),
    ["attempt", `${task.attempt} of ${task.max_attempts}`],
    ["priority", String(task.priority)],
    ["tokens", cost === null ? tokens : `${tokens}, ${cost} USD`],
    ["created", time(task.created_at)],
    ["started", time(task.started_at)],
    ["finished", time(task.finished_at)],
  ]);
  const block = (name: string, text: string): void => {
    const ended = safeText(text).trimEnd();
    output.write(`\n${paint.bold(name)}\n${ended}\n`);
  };
  block("prompt", task.prompt);
  if (task.result !== undefined) block("answer", task.result.text);
  if (task.error !== undefined) block("error", `${task.error.message} (${task.error.code})`);
}

function routeText({ tier, provider, model, layer, rule }: NonNullable<WireTask["route"]>): string {
  const where = tier === null ? "" : `tier ${tier}, `;
  return safeLine(`${where}${provider}/${model} by ${layer} (${rule})`);
}

export async function taskEvents(
  context: Context,
  [id = ""]: readonly string[],
  options: JsonOptions,
): Promise<number> {
  const { stdout } = context;
  const events: WireEvent[] = [];
  const paths = openHome(context, options);
  await withLink(context, paths, options, {}, async (link) => {
    const task = await findTask(link.api, id);
    await readEvents(link, task.id, 0, (event) => {
      if (options.json === true) writeJson(stdout, event);
      else events.push(event);
    });
  });
  if (options.json !== true) showEvents(stdout, events);
  return EXIT.ok;
}

/** The chain of a task as a table. */
export function showEvents(output: Output, events: readonly WireEvent[]): void {
  const { dim } = paintFor(output);
  const rows = events.map((event): Cell[] => [
    { text: String(event.seq), paint: dim },
    { text: localTime(event.at), paint: dim },
    { text: safeLine(event.type) },
    { text: arrowOf(event) },
    { text: eventText(event) },
  ]);
  writeTable(output, ["SEQ", "AT", "EVENT", "STATE", "WHAT"], rows, ["SEQ", "STATE", "EVENT"], {
    wraps: true,
  });
}

export function arrowOf({ state_from: from, state_to: to }: WireEvent): string {
  if (to === undefined) return "";
  return from === undefined ? to : `${from} → ${to}`;
}
