// The part of the schema that describes the search engines.

import { SEARCH_ENGINES } from "../domain/search.ts";
import type { SchemaNode } from "./schema-node.ts";

const key = <Name extends string>(variable: Name, where: string) =>
  ({
    type: "string",
    description: `The key for ${where}. Without one the engine is not asked.`,
    examples: [`\${${variable}}`],
    "x-env": variable,
    "x-secret": true,
  }) as const;

const place = (standard: string) =>
  ({
    type: "string",
    description: `Where the engine is, if not at ${standard}. An address of your own may be private.`,
    examples: [standard],
  }) as const;

export const SEARCH_NODE = {
  type: "object",
  additionalProperties: false,
  description: "Who answers web_search: each engine in turn, until one has results.",
  properties: {
    preferred: {
      type: "string",
      enum: SEARCH_ENGINES,
      description: "The engine to ask first. The order is brave, perplexity, duckduckgo.",
    },
    brave: {
      type: "object",
      additionalProperties: false,
      description: "Brave Search.",
      properties: {
        api_key: key("BRAVE_API_KEY", "Brave Search"),
        base_url: place("https://api.search.brave.com"),
      },
    },
    perplexity: {
      type: "object",
      additionalProperties: false,
      description: "Perplexity's model `sonar`, which searches before it answers.",
      properties: {
        api_key: key("PERPLEXITY_API_KEY", "Perplexity"),
        base_url: place("https://api.perplexity.ai"),
      },
    },
    duckduckgo: {
      type: "object",
      additionalProperties: false,
      description: "DuckDuckGo's page without scripts. Needs no key.",
      properties: {
        base_url: { ...place("https://html.duckduckgo.com"), "x-env": "GOCLAW_SEARCH_ENDPOINT" },
      },
    },
  },
} as const satisfies SchemaNode;
