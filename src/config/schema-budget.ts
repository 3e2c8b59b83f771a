// The keys of a budget, the same globally and under an agent; a provider has those that are no matter of one task.

import { ABILITIES } from "../domain/model.ts";
import type { SchemaNode } from "./schema-node.ts";

const usd = (description: string) =>
  ({
    type: "number",
    minimum: 0,
    maximum: 1_000_000_000,
    description,
    examples: [1.5],
  }) as const satisfies SchemaNode;

const tokens = (description: string) =>
  ({
    type: "integer",
    minimum: 0,
    maximum: 1_000_000_000_000,
    description,
    examples: [200_000],
  }) as const satisfies SchemaNode;

const ON_LIMIT = {
  type: "string",
  enum: ["suspend", "fail"],
  default: "suspend",
  description:
    "At a limit the task waits with AWAITING_BUDGET, its state kept, or fails with BUDGET_EXCEEDED.",
} as const satisfies SchemaNode;

const PERIODS = {
  per_day_usd: usd("US dollars a day."),
  per_month_usd: usd("US dollars a month."),
  per_day_tokens: tokens("Tokens, in and out, a day."),
} as const;

/** A provider knows no tasks and no sessions. */
export const PROVIDER_BUDGET_NODE = {
  type: "object",
  additionalProperties: false,
  description:
    "What may be spent at this provider. At a limit the next one of the chain is asked; without one, `on_limit` holds.",
  properties: { ...PERIODS, on_limit: ON_LIMIT },
} as const satisfies SchemaNode;

export const BUDGET_NODE = {
  type: "object",
  additionalProperties: false,
  description:
    "What may be spent. A call reserves its part before it starts and settles on real usage. Days and months are UTC.",
  properties: {
    per_task_usd: usd("US dollars one task may cost, with the tasks it makes."),
    per_session_usd: usd("US dollars all tasks of one session may cost, with those they make."),
    per_day_usd: PERIODS.per_day_usd,
    per_month_usd: PERIODS.per_month_usd,
    per_task_tokens: tokens("Tokens, in and out, one task may use, with the tasks it makes."),
    per_day_tokens: PERIODS.per_day_tokens,
    on_limit: ON_LIMIT,
  },
} as const satisfies SchemaNode;

export const MODELS_NODE = {
  type: "array",
  maxItems: 1000,
  description:
    "Facts of models, added to the built-in catalogue or laid over its rows: what is not given stays, such as the price.",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["id", "context_window", "max_output_tokens"],
    description: "One model.",
    properties: {
      id: {
        type: "string",
        pattern: "^[^/]+/.+$",
        "x-expects": "PROVIDER/MODEL",
        description: "PROVIDER/MODEL.",
        examples: ["local/my-model"],
      },
      context_window: {
        type: "integer",
        minimum: 1,
        description: "Tokens that fit, in and out.",
        examples: [32_768],
      },
      max_output_tokens: {
        type: "integer",
        minimum: 1,
        description: "Longest answer in tokens.",
        examples: [4096],
      },
      abilities: {
        type: "array",
        maxItems: ABILITIES.length,
        items: { type: "string", enum: ABILITIES, description: "One thing it can do." },
        description:
          "All it can do of `tools`, `images`, `reasoning` and `json_schema`; it is not asked for the rest. Default: unknown, and it is asked for everything.",
        examples: [["tools", "json_schema"]],
      },
      input_usd_per_mtok: usd("US dollars for a million tokens in; 0 for a model of one's own."),
      output_usd_per_mtok: usd("US dollars for a million tokens out."),
      cached_input_usd_per_mtok: usd("US dollars for a million tokens read from the vendor's cache."),
    },
  },
} as const satisfies SchemaNode;
