// The part of the schema that describes model providers: the built-in ids with their variables, and any other id.

import { type SchemaNode, SECONDS_MAX } from "./schema-node.ts";

const TYPE_TEXT =
  "How to talk to it: `openai_compatible` (any server with /chat/completions) or `replay` (plays cassettes from the home, no network). Only an id that is not built in has a choice; its default is openai_compatible.";

const PROVIDER_PROPERTIES = {
  type: { type: "string", enum: ["openai_compatible", "replay"], description: TYPE_TEXT },
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
} as const satisfies Record<string, SchemaNode>;

/** A built-in provider of this kind has no other type. */
const OPENAI_TYPE = { type: "string", enum: ["openai_compatible"], description: TYPE_TEXT } as const;
const REPLAY_TYPE = { type: "string", enum: ["replay"], description: TYPE_TEXT } as const;

export const PROVIDERS_NODE = {
  type: "object",
  description:
    "Model providers by id. openai, openrouter and replay are built in; any other id needs a base_url.",
  propertyNames: { pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" },
  "x-expects": "1 to 64 lower-case letters, digits, `_` or `-`, starting with a letter or digit",
  properties: {
    openai: {
      type: "object",
      additionalProperties: false,
      description: "OpenAI, or a server that stands in for it.",
      properties: {
        ...PROVIDER_PROPERTIES,
        type: OPENAI_TYPE,
        api_key: { ...PROVIDER_PROPERTIES.api_key, "x-env": "OPENAI_API_KEY" },
        base_url: { ...PROVIDER_PROPERTIES.base_url, "x-env": "OPENAI_BASE_URL" },
      },
    },
    openrouter: {
      type: "object",
      additionalProperties: false,
      description: "OpenRouter (https://openrouter.ai/api/v1 unless base_url says otherwise).",
      properties: {
        ...PROVIDER_PROPERTIES,
        type: OPENAI_TYPE,
        api_key: { ...PROVIDER_PROPERTIES.api_key, "x-env": "OPENROUTER_API_KEY" },
      },
    },
    replay: {
      type: "object",
      additionalProperties: false,
      description: "Plays recorded answers; its models are the cassettes in the home. Needs no key.",
      properties: {
        type: REPLAY_TYPE,
        models: { ...PROVIDER_PROPERTIES.models, examples: [["demo"]] },
        timeout_seconds: PROVIDER_PROPERTIES.timeout_seconds,
      },
    },
  },
  additionalProperties: {
    type: "object",
    additionalProperties: false,
    description: "Any other OpenAI-compatible server.",
    properties: PROVIDER_PROPERTIES,
  },
} as const satisfies SchemaNode;
