// The commands about models and what they cost: model, cost.

import { InvalidArgumentError } from "commander";
import { type CommandSpec, JSON_OPTION } from "./command-spec.ts";
import { choice } from "./option-values.ts";

const COST_KEYS = ["agent", "model", "day"] as const;

function day(text: string): string {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00.000Z`) : new Date(Number.NaN);
  // A day that the calendar does not have rolls over into the next month.
  if (!Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError("It must be a day such as 2026-01-31.");
}

function header(text: string, before: unknown): Record<string, string> {
  const cut = text.indexOf("=");
  if (cut < 1) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return { ...(before as Record<string, string> | undefined), [text.slice(0, cut)]: text.slice(cut + 1) };
}

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
            parse: header,
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
      {
        flags: "--by <what>",
        description: "rows by agent (default), model or day",
        choices: COST_KEYS,
        parse: choice(COST_KEYS),
      },
      { flags: "--since <day>", description: "only calls from this day on, YYYY-MM-DD", parse: day },
      JSON_OPTION,
    ],
  },
];
