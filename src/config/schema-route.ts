// The part of the schema under `llm` that describes tiers, daily limits and routing.

import { TIERS } from "../domain/route.ts";
import type { SchemaNode } from "./schema-node.ts";

const LINK = "openai/gpt-4o-mini";

const tier = (description: string) =>
  ({
    type: "array",
    maxItems: 20,
    items: { type: "string", minLength: 1, maxLength: 300, description: "PROVIDER/MODEL." },
    description,
    examples: [[LINK]],
  }) as const satisfies SchemaNode;

export const TIERS_NODE = {
  type: "object",
  additionalProperties: false,
  description:
    "Chains of PROVIDER/MODEL, asked in order. `model: tier:heavy` of an agent, of `run --model` or of a /v1 request takes one; `model: auto` has one chosen.",
  properties: {
    light: tier("For greetings, scoring and small questions."),
    medium: tier("For ordinary work."),
    heavy: tier("For hard reasoning and large changes of code."),
    local: tier("Models of one's own: private, or free."),
  },
} as const satisfies SchemaNode;

export const DAILY_LIMITS_NODE = {
  type: "object",
  propertyNames: { pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" },
  "x-expects": "the id of a provider",
  description:
    "Requests a day (UTC) by provider id. A provider that has used them up is passed over in its chains; when nobody else can answer, the task waits until 00:00 UTC.",
  additionalProperties: {
    type: "integer",
    minimum: 0,
    maximum: 1_000_000_000,
    description: "Requests a day, each repetition counted; 0 leaves the provider alone.",
    examples: [250],
  },
} as const satisfies SchemaNode;

const glob = (description: string, example: string) =>
  ({ type: "string", minLength: 1, maxLength: 200, description, examples: [example] }) as const;

const HAS_TOOLS = {
  type: "boolean",
  description: "Whether the model is offered tools.",
  examples: [true],
} as const satisfies SchemaNode;
const AGENT = glob("The agent's id; `*` and `?` stand for any characters.", "review*");

const FACTS = {
  model: glob("The model that was asked for: `auto`, or a name that clients send.", "gpt-4*"),
  agent: AGENT,
  has_tools: HAS_TOOLS,
  headers: {
    type: "object",
    propertyNames: { pattern: "^[A-Za-z0-9][A-Za-z0-9-]{0,63}$" },
    "x-expects": "the name of a header",
    description: "Headers of the HTTP request, by name; all of them.",
    additionalProperties: glob("What the header says; `*` and `?` stand for any characters.", "nightly*"),
  },
} as const satisfies Record<string, SchemaNode>;

const tokens = (description: string, example: number) =>
  ({ type: "integer", minimum: 0, maximum: 100_000_000, description, examples: [example] }) as const;

const WORDS = {
  agent: AGENT,
  has_tools: HAS_TOOLS,
  keywords: {
    type: "array",
    maxItems: 200,
    items: { type: "string", minLength: 1, maxLength: 100, description: "A word or a phrase." },
    description:
      "Whole words of the last user message, in any case; never of the system prompt or a tool's result.",
    examples: [["theorem", "prove"]],
  },
  min_matches: {
    type: "integer",
    minimum: 1,
    maximum: 200,
    default: 1,
    description: "How many of the keywords must be there.",
  },
  tokens_above: tokens("User messages of more than so many tokens, estimated.", 500),
  tokens_below: tokens("User messages of fewer than so many tokens, estimated.", 8000),
} as const satisfies Record<string, SchemaNode>;

const list = <Properties extends Readonly<Record<string, SchemaNode>>>(
  description: string,
  properties: Properties,
) =>
  ({
    type: "array",
    maxItems: 100,
    description,
    items: {
      type: "object",
      additionalProperties: false,
      required: ["use"],
      description: "One rule; the first that fits decides.",
      properties: {
        name: {
          type: "string",
          pattern: "^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$",
          "x-expects": "1 to 64 letters, digits, spaces, `.`, `_` or `-`",
          description: "What explanations and X-GoClaw-Rule call it. Default: its place in the list.",
          examples: ["nightly"],
        },
        when: {
          type: "object",
          additionalProperties: false,
          description: "All of these together.",
          properties: {
            ...properties,
            any: {
              type: "array",
              maxItems: 50,
              description: "One of these is enough.",
              items: {
                type: "object",
                additionalProperties: false,
                description: "All of these together.",
                properties,
              },
            },
          },
        },
        use: {
          type: "string",
          minLength: 1,
          maxLength: 300,
          description: "A tier, or PROVIDER/MODEL.",
          examples: [LINK],
        },
      },
    },
  }) as const;

export const ROUTING_NODE = {
  type: "object",
  additionalProperties: false,
  description:
    "How `model: auto` is decided: rules, then heuristics, then the classifier, then the default tier.",
  properties: {
    rules: list("Rules about facts of the request.", FACTS),
    heuristics: list(
      "Rules about what the user wrote. Absent: reasoning and code go to heavy, greetings to light, tools to medium, short questions to light. `[]`: none.",
      WORDS,
    ),
    classifier: {
      type: "object",
      additionalProperties: false,
      description:
        "Set model to have a small model name the tier when no rule fits. Its calls cost and count like any other.",
      properties: {
        model: {
          type: "string",
          minLength: 1,
          maxLength: 300,
          description: "PROVIDER/MODEL, or tier:NAME.",
          examples: [LINK],
        },
        timeout_ms: {
          type: "integer",
          minimum: 50,
          maximum: 60_000,
          default: 3000,
          description: "How long it may take; then the default tier is used.",
        },
        max_tokens: {
          type: "integer",
          minimum: 1,
          maximum: 10_000,
          default: 50,
          description: "Longest answer; more for a model that thinks before it speaks.",
        },
      },
    },
    default: {
      type: "string",
      enum: TIERS,
      description:
        "The tier when nothing else decides. Default: the first configured of medium, light, heavy, local.",
    },
  },
} as const satisfies SchemaNode;
