// The keys of a schedule in config.yaml.

import { MISFIRES, OVERLAPS, SCHEDULE_NAME_PATTERN } from "../domain/schedule.ts";
import { BUDGET_NODE } from "./schema-budget.ts";
import type { SchemaNode } from "./schema-node.ts";

export const SCHEDULES_NODE = {
  type: "array",
  maxItems: 1000,
  description:
    "Prompts that become tasks by the clock. Every slot leaves a run (`goclaw cron runs NAME`), also one that did not run.",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["name", "cron_expr", "prompt"],
    description: "One schedule.",
    properties: {
      name: {
        type: "string",
        pattern: SCHEDULE_NAME_PATTERN.source,
        "x-expects": "1 to 64 letters, digits, _ . -",
        description: "What it is called; its runs and its spending stay with the name.",
        examples: ["morning-report"],
      },
      cron_expr: {
        type: "string",
        minLength: 1,
        maxLength: 256,
        description: "minute hour day month weekday, or a name such as @hourly, @daily, @weekdays.",
        examples: ["30 7 * * 1-5"],
      },
      timezone: {
        type: "string",
        minLength: 1,
        maxLength: 64,
        default: "UTC",
        description:
          "Zone of the clock it goes by. A time the clocks are set forward over fires at that moment; one that comes twice fires the first time.",
        examples: ["Europe/Berlin"],
      },
      agent: {
        type: "string",
        minLength: 1,
        default: "default",
        description: "Id of the agent that is asked.",
      },
      prompt: {
        type: "string",
        minLength: 1,
        maxLength: 100_000,
        description: "What it is asked.",
        examples: ["Summarise yesterday's alerts."],
      },
      session: {
        type: "string",
        enum: ["new", "keep"],
        default: "new",
        description: "A session of its own for each run, or one for all of them.",
      },
      model: {
        type: "string",
        minLength: 1,
        maxLength: 200,
        description: "Another model than the agent's: of its provider, or tier:NAME, or auto.",
        examples: ["tier:light"],
      },
      misfire: {
        type: "string",
        enum: MISFIRES,
        default: "once",
        description: "Slots that no daemon was there for: nothing, one run for all of them, or a run each.",
      },
      overlap: {
        type: "string",
        enum: OVERLAPS,
        default: "skip",
        description: "A slot whose predecessor still runs: it is left out, or waits for its turn.",
      },
      enabled: { type: "boolean", default: true, description: "False keeps it without firing it." },
      budgets: BUDGET_NODE,
    },
  },
} as const satisfies SchemaNode;
