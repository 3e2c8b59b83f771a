// Schedules from the configuration, in the program's own names, and what the schema cannot say about them.

import { isZone, parseCron } from "../domain/cron.ts";
import { nearest } from "../domain/nearest.ts";
import { SCHEDULES_PER_AGENT_MAX, type ScheduleOrder } from "../domain/schedule.ts";
import type { Config } from "./config.ts";
import { checkWish, isWish } from "./model-ref.ts";
import { type Problem, suggest } from "./problem.ts";
import type { Settings } from "./schema.ts";

export function toSchedules({ schedules = [] }: Settings): ScheduleOrder[] {
  return schedules.map((given) => ({
    name: given.name,
    cronExpr: given.cron_expr,
    timezone: given.timezone,
    agentId: given.agent,
    prompt: given.prompt,
    session: given.session,
    model: given.model ?? null,
    misfire: given.misfire,
    overlap: given.overlap,
    enabled: given.enabled,
    budgets: given.budgets,
  }));
}

export function checkSchedules(
  { schedules = [] }: Settings,
  agentIds: readonly string[],
  { routes }: Pick<Config["llm"], "routes">,
): Problem[] {
  const names = schedules.map(({ name }) => name);
  return schedules.flatMap((schedule, index) => {
    const path = ["schedules", index];
    const problems: Problem[] = [];
    const add = (key: string, what: string, fix: string): void => {
      problems.push({ path: [...path, key], what, fix });
    };
    if (names.indexOf(schedule.name) !== index)
      add("name", `another schedule is already called ${schedule.name}`, "choose another name");
    const fields = parseCron(schedule.cron_expr);
    if (typeof fields === "string") {
      const [what, fix = "write for example 30 7 * * 1-5"] = fields.split("; ");
      add("cron_expr", `${JSON.stringify(schedule.cron_expr.slice(0, 80))}: ${what}`, fix);
    }
    if (schedule.prompt.trim() === "") add("prompt", "it is empty", "say what the agent is asked");
    if (!isZone(schedule.timezone))
      add(
        "timezone",
        `there is no time zone ${JSON.stringify(schedule.timezone)}`,
        "write for example Europe/Berlin",
      );
    if (!agentIds.includes(schedule.agent)) {
      const near = nearest(schedule.agent, agentIds);
      const what = `no agent is called ${JSON.stringify(schedule.agent)} ${suggest(schedule.agent, agentIds)}`;
      add("agent", what, near === undefined ? "name one of them or add it under agents" : `write ${near}`);
    }
    if (isWish(schedule.model)) problems.push(...checkWish(routes, schedule.model, [...path, "model"]));
    const ofAgent = schedules.slice(0, index + 1).filter(({ agent }) => agent === schedule.agent).length;
    if (ofAgent === SCHEDULES_PER_AGENT_MAX + 1)
      add(
        "agent",
        `agent ${schedule.agent} has more than ${SCHEDULES_PER_AGENT_MAX} schedules`,
        "remove some",
      );
    return problems;
  });
}
