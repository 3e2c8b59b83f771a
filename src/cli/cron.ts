// `goclaw cron add|update|remove|enable|disable`. Whoever lets a schedule fire is told when it will, and what a day of it costs.

import { EXIT } from "../domain/error.ts";
import type { Outlook, WireSchedule } from "../rpc/schedules.ts";
import type { Api } from "./api.ts";
import { type BudgetOptions, budgetsOf } from "./budget-options.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { defined } from "./defined.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { usdText } from "./money-text.ts";
import { safeLine } from "./safe-text.ts";
import { writePairs } from "./table.ts";
import { UsageError } from "./usage-error.ts";
import { zoneTime } from "./zone-time.ts";

interface CronOptions extends GlobalOptions {
  readonly json?: boolean;
}

interface TermOptions extends CronOptions, BudgetOptions {
  readonly timezone?: string;
  readonly model?: string;
  readonly misfire?: string;
  readonly overlap?: string;
}

interface AddOptions extends TermOptions {
  readonly agent?: string;
  readonly session?: string;
  readonly sessionId?: string;
  readonly disabled?: boolean;
}

interface UpdateOptions extends TermOptions {
  readonly expression?: string;
  readonly prompt?: string;
}

interface Scheduled {
  readonly schedule: WireSchedule;
  readonly outlook: Outlook;
}

export async function cronAdd(
  context: Context,
  [name = "", expression = "", prompt = ""]: readonly string[],
  options: AddOptions,
): Promise<number> {
  const body = defined({
    ...{ name, cron_expr: expression, prompt, agent: options.agent, session: options.session },
    ...{ session_id: options.sessionId, enabled: options.disabled === true ? false : undefined },
    ...termsOf(options),
  });
  return schedule(context, options, (api) => api.post<Scheduled>("/api/v1/schedules", body));
}

export async function cronUpdate(
  context: Context,
  [reference = ""]: readonly string[],
  options: UpdateOptions,
): Promise<number> {
  const { expression, prompt } = options;
  const body = defined({ cron_expr: expression, prompt, ...termsOf(options) });
  if (Object.keys(body).length === 0)
    throw new UsageError("say what changes, such as --prompt or --per-day-usd", ["cron", "update"]);
  return schedule(context, options, (api) => api.post<Scheduled>(pathOf(reference), body));
}

function termsOf(options: TermOptions): Record<string, unknown> {
  const { timezone, model, misfire, overlap } = options;
  const budgets = budgetsOf(options);
  const some = Object.keys(budgets).length > 0;
  return { timezone, model, misfire, overlap, ...(some && { budgets }) };
}

export async function cronEnable(
  context: Context,
  [reference = ""]: readonly string[],
  options: CronOptions,
): Promise<number> {
  return schedule(context, options, (api) => api.post<Scheduled>(`${pathOf(reference)}/enable`));
}

async function schedule(
  context: Context,
  options: CronOptions,
  change: (api: Api) => Promise<Scheduled>,
): Promise<number> {
  const { stdout, stderr } = context;
  const [scheduled, isOwn] = await withLink(
    context,
    openHome(context, options),
    options,
    {},
    async ({ api, own }): Promise<[Scheduled, boolean]> => [await change(api), own],
  );
  if (options.json === true) writeJson(stdout, scheduled);
  else show(context, scheduled);
  if (isOwn && scheduled.schedule.enabled)
    stderr.write("goclaw: no daemon runs, so nothing fires; `goclaw daemon start` starts one\n");
  return EXIT.ok;
}

function show({ stdout }: Context, { schedule: one, outlook }: Scheduled): void {
  const { name, cron_expr: expression, timezone, agent_id: agent, enabled } = one;
  const next = outlook.next.map((slot) => zoneTime(slot, timezone)).join(", ");
  writePairs(stdout, [
    ["schedule", `${safeLine(name)}${enabled ? "" : " (off; goclaw cron enable fires it)"}`],
    ["fires", `${safeLine(expression)} in ${safeLine(timezone)}`],
    ["next", next],
    ["cost", costText(outlook, agent)],
  ]);
}

function costText(
  { usd_per_day, usd_per_run, runs_per_day, based_on, tasks }: Outlook,
  agent: string,
): string {
  const count = Number(runs_per_day.toPrecision(3));
  const runs = `${count} ${count === 1 ? "run" : "runs"} a day`;
  const whose = based_on === "schedule" ? "its own" : `agent ${safeLine(agent)}'s`;
  if (based_on === null) return `unknown: agent ${safeLine(agent)} has run nothing in 30 days; ${runs}`;
  if (usd_per_day === null) return `unknown: ${whose} last runs have no known price; ${runs}`;
  return `about ${usdText(usd_per_day)} a day: ${runs} of ${usdText(usd_per_run)}, by ${whose} last ${tasks} in 30 days`;
}

export async function cronDisable(
  context: Context,
  [reference = ""]: readonly string[],
  options: CronOptions,
): Promise<number> {
  const off = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.post<{ schedule: WireSchedule }>(`${pathOf(reference)}/disable`),
  );
  if (options.json === true) writeJson(context.stdout, off);
  else context.stdout.write(`schedule ${safeLine(off.schedule.name)} does not fire any more\n`);
  return EXIT.ok;
}

export async function cronRemove(
  context: Context,
  [reference = ""]: readonly string[],
  options: CronOptions,
): Promise<number> {
  const removed = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.remove<{ schedule_id: string; deleted: true }>(pathOf(reference)),
  );
  if (options.json === true) writeJson(context.stdout, removed);
  else context.stdout.write(`schedule ${safeLine(reference)} is removed\n`);
  return EXIT.ok;
}

function pathOf(reference: string): string {
  return `/api/v1/schedules/${encodeURIComponent(reference)}`;
}
