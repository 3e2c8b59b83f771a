// `cron.add|list|remove|enable|disable`: prompts that become tasks by the clock. What a client adds runs with the
// client's rights as they are when it fires.

import type { WireBudget } from "../../domain/budget.ts";
import { GoclawError } from "../../domain/error.ts";
import { UUID_PATTERN } from "../../domain/ids.ts";
import { coversAgent } from "../../domain/key.ts";
import {
  MISFIRES,
  type Misfire,
  OVERLAPS,
  type Overlap,
  SCHEDULE_NAME_PATTERN,
} from "../../domain/schedule.ts";
import { nextSlot, openPlan } from "../../engine/cron/slots.ts";
import { addSchedule, removeSchedule, switchOff, switchOn } from "../../engine/cron/verbs.ts";
import { listSchedules } from "../../store/schedules.ts";
import { BUDGETS } from "../budget-params.ts";
import { requireAgent, requireSession } from "../key-scope.ts";
import { defineMethod, paramsOf, type RpcPorts } from "../method.ts";
import {
  BY_SCHEDULE,
  type BySchedule,
  checkClock,
  checkPrompt,
  ownedByKey,
  PROMPT_CHARS,
  requireSchedule,
  type Scheduled,
  scheduled,
  textParam,
  toWireSchedule,
  type WireSchedule,
} from "../schedules.ts";
import { checkModelWish, findAgent } from "./submit.ts";

export interface AddCronParams {
  readonly name: string;
  readonly cron_expr: string;
  readonly prompt?: string;
  /** The original's name for the prompt: the words, or the JSON of `{content}`. */
  readonly payload?: string;
  readonly timezone?: string;
  readonly agent?: string;
  readonly session?: "new" | "keep";
  /** The session to keep to; without it a kept one is new. */
  readonly session_id?: string;
  readonly model?: string;
  readonly misfire?: Misfire;
  readonly overlap?: Overlap;
  readonly enabled?: boolean;
  readonly budgets?: WireBudget;
}

export const addCron = defineMethod<AddCronParams, Scheduled>({
  name: "cron.add",
  capability: "acp.mutate",
  params: paramsOf(
    {
      name: { type: "string", pattern: SCHEDULE_NAME_PATTERN.source },
      // Too long a one is told so in words.
      ...{ cron_expr: { type: "string" }, prompt: textParam(PROMPT_CHARS), payload: textParam(PROMPT_CHARS) },
      ...{ timezone: textParam(64), agent: { type: "string" }, model: textParam(200) },
      session: { enum: ["new", "keep"] },
      session_id: { type: "string", pattern: UUID_PATTERN.source },
      ...{ misfire: { enum: MISFIRES }, overlap: { enum: OVERLAPS } },
      enabled: { type: "boolean" },
      budgets: BUDGETS,
    },
    ["name", "cron_expr"],
  ),
  subject: ({ name }) => name,
  forKey: ({ store }, params, key) => {
    requireAgent(key, params.agent ?? "default");
    if (params.session_id !== undefined) requireSession(store.reader, key, params.session_id);
    return params;
  },
  run: async (ports, params, { principal, key }) => {
    const { name, cron_expr: cronExpr, timezone = "UTC", model, enabled = true } = params;
    const agent = findAgent(ports, params.agent ?? "default");
    const prompt = checkPrompt("cron.add", promptOf(params));
    checkClock("cron.add", cronExpr, timezone);
    if (model !== undefined) checkModelWish(ports, model);
    const plan = await openPlan(cronExpr, timezone);
    const id = ports.newId();
    const order = {
      ...{ name, cronExpr, timezone, agentId: agent.id, prompt, model: model ?? null, enabled },
      ...{ misfire: params.misfire ?? ("once" as const), overlap: params.overlap ?? ("skip" as const) },
      budgets: params.budgets ?? {},
    };
    const nextAt = enabled ? nextSlot(plan, ports.nowMs()) : null;
    const maker = { createdBy: principal, keyId: key?.id ?? null };
    await ports.store.run(addSchedule, {
      ...order,
      ...maker,
      id,
      sessionId: sessionOf(ports, params),
      nextAt,
    });
    return scheduled(ports, requireSchedule(ports, id), plan);
  },
});

function promptOf({ prompt, payload }: AddCronParams): string {
  if ((prompt === undefined) === (payload === undefined))
    throw new GoclawError("BAD_REQUEST", "cron.add: send the words as prompt (or as payload), and only once");
  if (prompt !== undefined) return prompt;
  try {
    const { content } = JSON.parse(payload ?? "") as { content?: unknown };
    if (typeof content === "string" && content !== "") return content;
  } catch {
    // Plain words.
  }
  return payload ?? "";
}

function sessionOf({ newId }: RpcPorts, { session, session_id }: AddCronParams): string | null {
  if (session_id === undefined) return session === "keep" ? newId() : null;
  if (session !== "new") return session_id;
  throw new GoclawError("BAD_REQUEST", "cron.add: session_id is to be kept to; leave out session: new");
}

export interface ListCronParams {
  readonly agent?: string;
  /** What an API key narrows the list to; no client can send it. */
  readonly agents?: readonly string[];
}

export const listCron = defineMethod<ListCronParams, { readonly schedules: WireSchedule[] }>({
  name: "cron.list",
  capability: "acp.read",
  params: paramsOf({ agent: { type: "string" } }),
  forKey: (_ports, params, key) => {
    if (params.agent !== undefined) requireAgent(key, params.agent);
    return { ...params, agents: key.agents };
  },
  run: async (ports, { agent, agents = ["*"] }) => ({
    schedules: listSchedules(ports.store.reader)
      .filter(({ agentId }) => (agent === undefined || agentId === agent) && coversAgent({ agents }, agentId))
      .map((schedule) => toWireSchedule(ports, schedule)),
  }),
});

export const removeCron = defineMethod<BySchedule, { readonly schedule_id: string; readonly deleted: true }>({
  name: "cron.remove",
  capability: "acp.mutate",
  params: BY_SCHEDULE,
  subject: ({ schedule_id }) => schedule_id,
  forKey: ownedByKey,
  run: async (ports, { schedule_id }) => {
    const { id, name, source } = requireSchedule(ports, schedule_id);
    if (source === "config") {
      const why = `schedule ${name} is from config.yaml; remove it there and restart the daemon`;
      throw new GoclawError("STATE_CONFLICT", `${why}, or goclaw cron disable ${name}`);
    }
    await ports.store.run(removeSchedule, { id });
    return { schedule_id: id, deleted: true };
  },
});

export const enableCron = defineMethod<BySchedule, Scheduled & { readonly enabled: true }>({
  name: "cron.enable",
  capability: "acp.mutate",
  params: BY_SCHEDULE,
  subject: ({ schedule_id }) => schedule_id,
  forKey: ownedByKey,
  run: async (ports, { schedule_id }) => {
    const { id, name, off, cronExpr, timezone } = requireSchedule(ports, schedule_id);
    if (off === "config") {
      const why = `config.yaml says enabled: false of schedule ${name}`;
      throw new GoclawError("STATE_CONFLICT", `${why}; change it there and restart the daemon`);
    }
    checkClock("cron.enable", cronExpr, timezone);
    const plan = await openPlan(cronExpr, timezone);
    await ports.store.run(switchOn, { id, nextAt: nextSlot(plan, ports.nowMs()) });
    return { enabled: true, ...scheduled(ports, requireSchedule(ports, id), plan) };
  },
});

/** Slots that come meanwhile leave no run; a task that runs goes on. */
export const disableCron = defineMethod<
  BySchedule,
  { readonly schedule_id: string; readonly disabled: true; readonly schedule: WireSchedule }
>({
  name: "cron.disable",
  capability: "acp.mutate",
  params: BY_SCHEDULE,
  subject: ({ schedule_id }) => schedule_id,
  forKey: ownedByKey,
  run: async (ports, { schedule_id }) => {
    const { id } = requireSchedule(ports, schedule_id);
    await ports.store.run(switchOff, { id, off: "operator", audit: null });
    return { schedule_id: id, disabled: true, schedule: toWireSchedule(ports, requireSchedule(ports, id)) };
  },
});
