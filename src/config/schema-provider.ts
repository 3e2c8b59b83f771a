// The part of the schema that describes model providers: the built-in ids with their variables, and any other id.

import { PROVIDER_BUDGET_NODE } from "./schema-budget.ts";
import { type SchemaNode, SECONDS_MAX } from "./schema-node.ts";

const TYPE_TEXT =
  "How to talk to it: `openai_compatible` (any server with /chat/completions), `anthropic`, `google`, `ollama`, or `replay` (plays cassettes from the home, no network). Only an id that is not built in has a choice; its default is openai_compatible.";

const phase = (description: string) =>
  ({ type: "number", minimum: 0.05, maximum: SECONDS_MAX, description, examples: [30] }) as const;

const PROVIDER_PROPERTIES = {
  type: {
    type: "string",
    enum: ["openai_compatible", "anthropic", "google", "ollama", "replay"],
    description: TYPE_TEXT,
  },
  api_key: {
    type: "string",
    description:
      "The key sent as a bearer token. Write a variable here, not the key itself. A provider whose key is empty is not configured.",
    examples: [`\${MY_API_KEY}`],
    "x-secret": true,
  },
  base_url: {
    type: "string",
    description: "Where the API lives, up to and including the version segment.",
    examples: ["http://127.0.0.1:1234/v1"],
  },
  models: {
    type: "array",
    description: "Models offered by this provider; the first is its default.",
    items: {
      type: "string",
      minLength: 1,
      maxLength: 200,
      description: "A model name as the provider knows it.",
    },
    maxItems: 1000,
    examples: [["my-model"]],
  },
  timeout_seconds: {
    type: "number",
    minimum: 0.1,
    maximum: SECONDS_MAX,
    default: 300,
    description: "How long one model call may take.",
  },
  timeouts: {
    type: "object",
    additionalProperties: false,
    description: "Limits of single phases of a call, each within timeout_seconds.",
    properties: {
      connect_seconds: phase("Until the connection stands. Default: 10."),
      first_byte_seconds: phase("Until the first byte of the answer. Default: none of its own."),
      idle_seconds: phase("Between two bytes of the answer. Default: none; a model may think for minutes."),
    },
  },
  max_tokens: {
    type: "integer",
    minimum: 1,
    maximum: 10_000_000,
    description: "Longest answer in tokens where the vendor insists on a number (anthropic). Default: 16384.",
    examples: [8192],
  },
  thinking_tokens: {
    type: "integer",
    minimum: 1024,
    maximum: 10_000_000,
    description:
      "How long the model may think (anthropic). Default: the model's own; Claude 5 and later refuse a number.",
    examples: [4096],
  },
  api: {
    type: "string",
    enum: ["chat", "responses"],
    description:
      "Which of OpenAI's APIs the server is asked by: `chat` (/chat/completions) or `responses` (/responses: encrypted reasoning goes on from turn to turn). Default: chat; at OpenAI itself responses, and chat for what responses lacks (stop, seed, penalties).",
    examples: ["responses"],
  },
  reasoning_summary: {
    type: "string",
    enum: ["auto", "concise", "detailed"],
    description:
      "How a model that reasons is to tell its reasoning (responses). Default: not at all; OpenAI refuses it to organizations that are not verified.",
    examples: ["auto"],
  },
  num_ctx: {
    type: "integer",
    minimum: 256,
    maximum: 100_000_000,
    description:
      "Window to load a model with (ollama); older messages are summarised to keep it. Default: the server's, which cuts off silently.",
    examples: [32_768],
  },
  budgets: PROVIDER_BUDGET_NODE,
} as const satisfies Record<string, SchemaNode>;

/** Of those that speak OpenAI's protocols. */
const OPENAI = {
  api: PROVIDER_PROPERTIES.api,
  reasoning_summary: PROVIDER_PROPERTIES.reasoning_summary,
} as const;

/** A built-in provider has no other type than its own. */
const only = <Type extends string>(type: Type) =>
  ({ type: "string", enum: [type], description: TYPE_TEXT }) as const;

const COMMON = {
  api_key: PROVIDER_PROPERTIES.api_key,
  base_url: PROVIDER_PROPERTIES.base_url,
  models: PROVIDER_PROPERTIES.models,
  timeout_seconds: PROVIDER_PROPERTIES.timeout_seconds,
  timeouts: PROVIDER_PROPERTIES.timeouts,
  budgets: PROVIDER_PROPERTIES.budgets,
} as const;

const keyed = <Name extends string>(variable: Name) => ({ ...COMMON.api_key, "x-env": variable }) as const;
const placed = <Name extends string>(variable: Name) => ({ ...COMMON.base_url, "x-env": variable }) as const;

export const PROVIDERS_NODE = {
  type: "object",
  description:
    "Model providers by id. anthropic, google, openai, openrouter, ollama and replay are built in; any other id needs a base_url.",
  propertyNames: { pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" },
  "x-expects": "1 to 64 lower-case letters, digits, `_` or `-`, starting with a letter or digit",
  properties: {
    anthropic: {
      type: "object",
      additionalProperties: false,
      description: "Anthropic's Messages API.",
      properties: {
        ...COMMON,
        type: only("anthropic"),
        api_key: keyed("ANTHROPIC_API_KEY"),
        base_url: placed("ANTHROPIC_BASE_URL"),
        max_tokens: PROVIDER_PROPERTIES.max_tokens,
        thinking_tokens: PROVIDER_PROPERTIES.thinking_tokens,
      },
    },
    google: {
      type: "object",
      additionalProperties: false,
      description: "Google's Gemini API. The key may also be in GOOGLE_API_KEY.",
      properties: {
        ...COMMON,
        type: only("google"),
        api_key: keyed("GEMINI_API_KEY"),
        base_url: placed("GOOGLE_GEMINI_BASE_URL"),
      },
    },
    openai: {
      type: "object",
      additionalProperties: false,
      description: "OpenAI, or a server that stands in for it.",
      properties: {
        ...COMMON,
        ...OPENAI,
        type: only("openai_compatible"),
        api_key: keyed("OPENAI_API_KEY"),
        base_url: placed("OPENAI_BASE_URL"),
      },
    },
    openrouter: {
      type: "object",
      additionalProperties: false,
      description: "OpenRouter (https://openrouter.ai/api/v1 unless base_url says otherwise).",
      properties: {
        ...COMMON,
        ...OPENAI,
        type: only("openai_compatible"),
        api_key: keyed("OPENROUTER_API_KEY"),
      },
    },
    ollama: {
      type: "object",
      additionalProperties: false,
      description: "Ollama's own API (http://127.0.0.1:11434 unless base_url says otherwise). Needs no key.",
      properties: { ...COMMON, type: only("ollama"), num_ctx: PROVIDER_PROPERTIES.num_ctx },
    },
    replay: {
      type: "object",
      additionalProperties: false,
      description: "Plays recorded answers; its models are the cassettes in the home. Needs no key.",
      properties: {
        type: only("replay"),
        models: { ...PROVIDER_PROPERTIES.models, examples: [["demo"]] },
        timeout_seconds: PROVIDER_PROPERTIES.timeout_seconds,
      },
    },
  },
  additionalProperties: {
    type: "object",
    additionalProperties: false,
    description: "Any other server; OpenAI-compatible unless `type` says otherwise.",
    properties: PROVIDER_PROPERTIES,
  },
} as const satisfies SchemaNode;
