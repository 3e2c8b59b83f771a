// `goclaw cron list` and `goclaw cron runs`: the schedules, and the slots of one.

import { EXIT } from "../domain/error.ts";
import type { WireRun, WireSchedule } from "../rpc/schedules.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { type Paint, paintFor } from "./paint.ts";
import { safeLine } from "./safe-text.ts";
import { type Cell, writeTable } from "./table.ts";
import { zoneTime } from "./zone-time.ts";

interface ListOptions extends GlobalOptions {
  readonly agent?: string;
  readonly json?: boolean;
}

interface RunsOptions extends GlobalOptions {
  readonly limit?: number;
  readonly json?: boolean;
}

export async function cronList(
  context: Context,
  _args: readonly string[],
  options: ListOptions,
): Promise<number> {
  const query = options.agent === undefined ? "" : `?agent=${encodeURIComponent(options.agent)}`;
  const list = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.get<{ schedules: readonly WireSchedule[] }>(`/api/v1/schedules${query}`),
  );
  if (options.json === true) writeJson(context.stdout, list);
  else showSchedules(context, list.schedules, options.agent);
  return EXIT.ok;
}

const OWN_WORDS = ["operator", "config"];

function showSchedules(
  { stdout, stderr }: Context,
  schedules: readonly WireSchedule[],
  agent: string | undefined,
): void {
  if (schedules.length === 0) {
    const whose = agent === undefined ? "there are" : `agent ${safeLine(agent)} has`;
    stderr.write(`${whose} no schedules; goclaw cron add makes one, or \`schedules:\` in config.yaml\n`);
    return;
  }
  const paint = paintFor(stdout);
  const rows = schedules.map((schedule): Cell[] => [
    { text: safeLine(schedule.name) },
    nextCell(schedule, paint),
    schedule.last_run === undefined ? { text: "-" } : outcomeCell(schedule.last_run, paint),
    { text: safeLine(schedule.agent_id) },
    { text: safeLine(schedule.timezone) },
    { text: safeLine(schedule.cron_expr) },
  ]);
  writeTable(stdout, ["NAME", "NEXT", "LAST", "AGENT", "ZONE", "EXPRESSION"], rows, [
    "AGENT",
    "ZONE",
    "EXPRESSION",
  ]);
  for (const { name, disabled_by: by } of schedules)
    if (by !== undefined && !OWN_WORDS.includes(by))
      stderr.write(`${safeLine(name)} is off: ${safeLine(by)}\n`);
}

function nextCell({ next_at: next, timezone, disabled_by: by }: WireSchedule, paint: Paint): Cell {
  if (next !== undefined) return { text: zoneTime(next, timezone) };
  const why = by === "operator" ? "off" : by === "config" ? "off in config.yaml" : "off: invalid";
  return { text: why, paint: why.endsWith("invalid") ? paint.bad : paint.dim };
}

function outcomeCell({ outcome, task_state: state }: WireRun, paint: Paint): Cell {
  const text = state === undefined ? outcome : `${outcome} ${state}`;
  if (state === "FAILED" || state === "DEAD_LETTER") return { text, paint: paint.bad };
  if (outcome === "skipped" || outcome === "missed") return { text, paint: paint.wait };
  return { text, ...(state === "SUCCEEDED" && { paint: paint.good }) };
}

const LIMIT = 20;

export async function cronRuns(
  context: Context,
  [schedule = ""]: readonly string[],
  options: RunsOptions,
): Promise<number> {
  const path = `/api/v1/schedules/${encodeURIComponent(schedule)}/runs?limit=${options.limit ?? LIMIT}`;
  const page = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.get<{ runs: readonly WireRun[]; next_cursor: string | null }>(path),
  );
  if (options.json === true) writeJson(context.stdout, page);
  else showRuns(context, page.runs, page.next_cursor !== null);
  return EXIT.ok;
}

function showRuns({ stdout, stderr }: Context, runs: readonly WireRun[], more: boolean): void {
  if (runs.length === 0) {
    stderr.write("none of its slots has come yet\n");
    return;
  }
  const paint = paintFor(stdout);
  const rows = runs.map((run): Cell[] => [
    { text: `${run.slot_at.slice(0, 16)}Z` },
    outcomeCell(run, paint),
    { text: run.task_id ?? "-" },
    { text: whyOf(run) },
  ]);
  writeTable(stdout, ["SLOT", "OUTCOME", "TASK", "WHY"], rows, [], { wraps: true });
  if (more) stderr.write(`there are more than these ${runs.length}; --limit shows up to 500\n`);
}

function whyOf({ reason = "", since_at: since }: WireRun): string {
  const also = since === undefined ? "" : `all slots since ${since.slice(0, 16)}Z: `;
  return safeLine(`${also}${reason}`);
}
