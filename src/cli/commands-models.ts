// The commands about models and what they cost: model, cost.

import { type CommandSpec, JSON_OPTION } from "./command-spec.ts";
import { calendarDay, namedValue, oneOf } from "./option-values.ts";

const COST_KEYS = ["agent", "model", "day", "provider", "key", "schedule"] as const;

export const MODELS: readonly CommandSpec[] = [
  {
    name: "model",
    group: "Models:",
    summary: "look at the models, try one, or rehearse their faults",
    commands: [
      {
        name: "list",
        summary: "list the models of configured providers: window, price, circuit breaker",
        details:
          "Prices are US dollars for a million tokens, in and out. An unknown price is unknown, never zero; models: in config.yaml adds one.",
        options: [
          { flags: "--all", description: "also models of providers that are not configured" },
          JSON_OPTION,
        ],
      },
      {
        name: "test",
        summary: "make one small real call to a model and say how it went",
        details:
          "Needs no daemon, and no budget holds it. Exits with 1 when no answer came, and says what to do about it.",
        arguments: [
          {
            name: "[model]",
            description: "PROVIDER/MODEL, or PROVIDER; the configured default when left out",
          },
        ],
        options: [JSON_OPTION],
      },
      {
        name: "drill",
        summary: "play every fault of a provider through a chain of two, without a network",
        details:
          "A faulty provider on loopback gives each fault in turn, a sound one stands behind it. Exits with 0 when each fault had the right survivor.",
        options: [JSON_OPTION],
      },
    ],
  },
  {
    name: "route",
    group: "Models:",
    summary: "see which model a prompt would go to, and why",
    commands: [
      {
        name: "explain",
        summary: "decide about a prompt as a task would, without asking a model",
        details:
          "Without --agent it is a client's own conversation (`model: auto` of /v1/chat/completions). A classifier is not asked; it is said that it would be. A prompt of `-` is read from standard input.",
        arguments: [{ name: "<prompt>", description: "what the user writes" }],
        options: [
          { flags: "--agent <id>", description: "as a task of this agent, with its tools and its model" },
          {
            flags: "--model <model>",
            description: "the model asked for: auto (default), tier:NAME or a name",
          },
          { flags: "--tools", description: "as if tools were offered" },
          {
            flags: "--header <name=value>",
            description: "a header of the request, for rules that look at it; may be given again",
            parse: namedValue,
          },
          JSON_OPTION,
        ],
      },
    ],
  },
  {
    name: "cost",
    group: "Models:",
    summary: "add up what model calls cost",
    details: "Days are UTC. Calls of models without a known price are counted apart, never as zero.",
    options: [
      oneOf("--by <what>", "rows by agent (default), model, day, provider, schedule or API key", COST_KEYS),
      { flags: "--since <day>", description: "only calls from this day on, YYYY-MM-DD", parse: calendarDay },
      JSON_OPTION,
    ],
  },
];
