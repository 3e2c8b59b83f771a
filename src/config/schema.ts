// The one description of config.yaml: every key with its type, default, limits, environment variable and reload class.
// Defaults, checking, messages, `goclaw config schema`, config.example.yaml and docs/reference/config.md come from here.
// A new key is one property here and one line in load.ts that hands it to the program.

import { PASSAGE_LANES } from "../domain/passage.ts";
import { AGENT_NODE } from "./schema-agent.ts";
import { BUDGET_NODE, MODELS_NODE } from "./schema-budget.ts";
import { MCP_NODE } from "./schema-mcp.ts";
import type { Infer, SchemaNode } from "./schema-node.ts";
import { SECONDS_MAX } from "./schema-node.ts";
import { PROVIDERS_NODE } from "./schema-provider.ts";
import { DAILY_LIMITS_NODE, ROUTING_NODE, TIERS_NODE } from "./schema-route.ts";
import { SCHEDULES_NODE } from "./schema-schedule.ts";
import { SEARCH_NODE } from "./schema-search.ts";
import { SHELL_NODE } from "./schema-shell.ts";

export const CONFIG_SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "GoClaw config.yaml",
  type: "object",
  description: "Every key is optional. An unknown key is an error.",
  additionalProperties: false,
  "x-reload": "hot",
  properties: {
    worker_count: {
      type: "integer",
      minimum: 1,
      maximum: 256,
      default: 4,
      description: `Lanes: how many tasks of agents run at once. Clients' own requests to a model have ${PASSAGE_LANES} places beside them.`,
      "x-env": "GOCLAW_WORKER_COUNT",
    },
    task_timeout_seconds: {
      type: "number",
      minimum: 0.1,
      maximum: SECONDS_MAX,
      default: 600,
      description: "Longest attempt; a longer one ends with TASK_TIMEOUT and is retried.",
      "x-env": "GOCLAW_TASK_TIMEOUT_SECONDS",
    },
    max_attempts: {
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 3,
      description: "Attempts before a task goes to the dead-letter queue.",
    },
    lease_seconds: {
      type: "number",
      minimum: 0.2,
      maximum: 3600,
      default: 30,
      description: "How long a lane owns a task without renewing; fractions are allowed.",
    },
    retry: {
      type: "object",
      additionalProperties: false,
      description: "Backoff between attempts: exponential with full jitter.",
      properties: {
        base_ms: {
          type: "integer",
          minimum: 1,
          maximum: 86_400_000,
          default: 1000,
          description: "Ceiling of the first wait; it doubles with every attempt.",
        },
        max_ms: {
          type: "integer",
          minimum: 1,
          maximum: 86_400_000,
          default: 30_000,
          description: "Ceiling of any wait; not below retry.base_ms.",
        },
      },
    },
    max_queue_depth: {
      type: "integer",
      minimum: 0,
      maximum: 1_000_000_000,
      default: 1000,
      description: "Waiting tasks before a submission is refused with QUEUE_FULL; 0 is unlimited.",
    },
    drain_timeout_seconds: {
      type: "number",
      minimum: 0,
      maximum: 3600,
      default: 5,
      description: "How long a polite stop waits for running attempts before it puts their tasks back.",
      "x-env": "GOCLAW_DRAIN_TIMEOUT_SECONDS",
    },
    bind_addr: {
      type: "string",
      minLength: 1,
      default: "127.0.0.1:18789",
      description:
        "HOST:PORT to listen on; port 0 picks a free one. An address that is not loopback also needs gateway.allow_remote.",
      "x-env": "GOCLAW_BIND_ADDR",
      "x-flag": "--bind",
      "x-reload": "restart",
    },
    log_level: {
      type: "string",
      enum: ["debug", "info", "warn", "error"],
      default: "info",
      description: "Least important log lines to keep.",
      "x-env": "GOCLAW_LOG_LEVEL",
    },
    llm: {
      type: "object",
      additionalProperties: false,
      description: "The model that answers for every agent that names none.",
      properties: {
        provider: {
          type: "string",
          minLength: 1,
          description:
            "Provider id. Default: the first of anthropic, google, openai, openrouter that is configured, else openai.",
          examples: ["openai"],
        },
        model: {
          type: "string",
          minLength: 1,
          maxLength: 200,
          description: "Model of that provider, or tier:NAME, or auto. Default: the provider's first model.",
          examples: ["gpt-6-luna"],
        },
        fallback_providers: {
          type: "array",
          maxItems: 20,
          items: { type: "string", minLength: 1, maxLength: 300, description: "PROVIDER or PROVIDER/MODEL." },
          description:
            "Who answers when the agent's own provider cannot, in this order: PROVIDER (its first model) or PROVIDER/MODEL.",
          examples: [["openrouter/openai/gpt-6-luna"]],
        },
        failover_threshold: {
          type: "integer",
          minimum: 1,
          maximum: 1000,
          default: 5,
          description: "Failures in a row after which a provider of a chain is left alone for a while.",
        },
        failover_cooldown_seconds: {
          type: "number",
          minimum: 0.1,
          maximum: SECONDS_MAX,
          default: 300,
          description: "How long it is left alone before one call probes it again.",
        },
        tiers: TIERS_NODE,
        daily_limits: DAILY_LIMITS_NODE,
        routing: ROUTING_NODE,
      },
    },
    providers: PROVIDERS_NODE,
    agents: {
      type: "array",
      maxItems: 1000,
      description:
        "Named agents beside `default`. Absent: the starters coder, researcher and writer. `[]`: only `default`.",
      items: AGENT_NODE,
    },
    schedules: SCHEDULES_NODE,
    budgets: BUDGET_NODE,
    models: MODELS_NODE,
    tools: {
      type: "object",
      additionalProperties: false,
      description: "Settings of single tools. What a tool may do is decided in policy.yaml.",
      properties: {
        send_alert: {
          type: "object",
          additionalProperties: false,
          description: "The tool that sends one alert.",
          properties: {
            webhook_url: {
              type: "string",
              description:
                "Where an alert is POSTed as JSON. Without it send_alert reports that it is not set up.",
              examples: ["https://alerts.example/hook"],
              "x-secret": true,
            },
          },
        },
        shell: SHELL_NODE,
      },
    },
    approvals: {
      type: "object",
      additionalProperties: false,
      description: "What a person is asked before an act, and questions of agents.",
      properties: {
        timeout_seconds: {
          type: "number",
          minimum: 0.1,
          maximum: SECONDS_MAX,
          default: 86_400,
          description: "How long an answer is waited for; then it counts as no.",
        },
      },
    },
    search: SEARCH_NODE,
    mcp: MCP_NODE,
    gateway: {
      type: "object",
      additionalProperties: false,
      description: "The HTTP interface.",
      properties: {
        max_request_size: {
          type: "integer",
          minimum: 1024,
          maximum: 1_073_741_824,
          default: 10_485_760,
          description: "Largest request body in bytes.",
        },
        allow_remote: {
          type: "boolean",
          default: false,
          description: "Allows a bind_addr that other machines can reach.",
          "x-reload": "restart",
        },
        cors: {
          type: "object",
          additionalProperties: false,
          description: "Which web pages may call from a browser.",
          properties: {
            origins: {
              type: "array",
              items: {
                type: "string",
                pattern: "^https?://[^/?#@\\s*A-Z]+$",
                description: "Scheme, host and port, as a browser sends them.",
              },
              description: "Origins such as https://chat.example; a page still needs a credential.",
              examples: [["https://chat.example"]],
              "x-reload": "restart",
            },
          },
        },
      },
    },
  },
} as const satisfies SchemaNode & { readonly $schema: string; readonly title: string };

/** config.yaml after checking and defaults, in the file's own names and units. */
export type Settings = Infer<typeof CONFIG_SCHEMA>;
