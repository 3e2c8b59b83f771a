// `cron.update`: other words, times or limits for a schedule that stays the same, with its runs and its session. One of
// config.yaml is changed there.

import type { WireBudget } from "../../domain/budget.ts";
import { GoclawError } from "../../domain/error.ts";
import { MISFIRES, type Misfire, OVERLAPS, type Overlap } from "../../domain/schedule.ts";
import { nextSlot, openPlan } from "../../engine/cron/slots.ts";
import { changeSchedule } from "../../engine/cron/verbs.ts";
import { wakeForBudget } from "../../queue/wake.ts";
import { BUDGETS } from "../budget-params.ts";
import { defineMethod, paramsOf } from "../method.ts";
import {
  type BySchedule,
  checkClock,
  checkPrompt,
  ownedByKey,
  PROMPT_CHARS,
  requireSchedule,
  SCHEDULE_REF_PARAM,
  type Scheduled,
  scheduled,
  textParam,
} from "../schedules.ts";
import { checkModelWish } from "./submit.ts";

export interface UpdateCronParams extends BySchedule {
  readonly cron_expr?: string;
  readonly timezone?: string;
  readonly prompt?: string;
  readonly model?: string;
  readonly misfire?: Misfire;
  readonly overlap?: Overlap;
  /** Laid over the limits it has; tasks that wait for budget look again. */
  readonly budgets?: WireBudget;
}

export const updateCron = defineMethod<UpdateCronParams, Scheduled>({
  name: "cron.update",
  capability: "acp.mutate",
  params: paramsOf(
    {
      ...SCHEDULE_REF_PARAM,
      ...{ cron_expr: { type: "string" }, timezone: textParam(64), prompt: textParam(PROMPT_CHARS) },
      ...{ model: textParam(200), misfire: { enum: MISFIRES }, overlap: { enum: OVERLAPS } },
      budgets: BUDGETS,
    },
    ["schedule_id"],
  ),
  subject: ({ schedule_id }) => schedule_id,
  forKey: ownedByKey,
  run: async (ports, params) => {
    const { id, name, source, ...now } = requireSchedule(ports, params.schedule_id);
    if (source === "config") {
      const why = `schedule ${name} is from config.yaml`;
      throw new GoclawError("STATE_CONFLICT", `${why}; change it there and restart the daemon`);
    }
    const { cron_expr: cronExpr = now.cronExpr, timezone = now.timezone } = params;
    checkClock("cron.update", cronExpr, timezone);
    if (params.prompt !== undefined) checkPrompt("cron.update", params.prompt);
    if (params.model !== undefined) checkModelWish(ports, params.model);
    const plan = await openPlan(cronExpr, timezone);
    const isMoved = cronExpr !== now.cronExpr || timezone !== now.timezone;
    // Both or neither: another client may be changing them, and the next slot is of the two together.
    const clock = isMoved
      ? { cronExpr, timezone, nextAt: nextSlot(plan, ports.nowMs()) }
      : { cronExpr: null, timezone: null, nextAt: null };
    const changed = ports.store.run(changeSchedule, {
      ...{ id, ...clock, prompt: params.prompt ?? null, model: params.model ?? null },
      ...{ misfire: params.misfire ?? null, overlap: params.overlap ?? null, budgets: params.budgets ?? {} },
    });
    await Promise.all([changed, ports.store.run(wakeForBudget, null)]);
    return scheduled(ports, requireSchedule(ports, id), plan);
  },
});
