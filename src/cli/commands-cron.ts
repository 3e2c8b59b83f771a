// The commands about schedules: prompts that become tasks by the clock.

import { MISFIRES, OVERLAPS } from "../domain/schedule.ts";
import { onLimit, PERIOD_LIMITS } from "./budget-options.ts";
import { type CommandSpec, JSON_OPTION, type OptionSpec } from "./command-spec.ts";
import { dollars, oneOf, wholeNumber } from "./option-values.ts";

const SCHEDULE = { name: "<schedule>", description: "its name, or its id" };
const SESSIONS = ["new", "keep"] as const;

/** What can be said of a schedule when it is added and later; later, what is not said stays. */
const termsOf = (ifDefault: (text: string) => string): readonly OptionSpec[] => [
  {
    flags: "--timezone <zone>",
    description: `the clock it goes by, such as Europe/Berlin${ifDefault(" (default: UTC)")}`,
  },
  { flags: "--model <name>", description: "another model than the agent's, or tier:NAME, or auto" },
  oneOf(
    "--misfire <what>",
    `slots that no daemon was there for: skip, one run for all of them${ifDefault(" (default)")}, or all`,
    MISFIRES,
  ),
  oneOf(
    "--overlap <what>",
    `a slot whose predecessor still runs: skip${ifDefault(" (default)")} or queue`,
    OVERLAPS,
  ),
  { flags: "--per-task-usd <usd>", description: "US dollars one run may cost", parse: dollars },
  ...PERIOD_LIMITS,
  onLimit(`what a run does at a limit: suspend${ifDefault(" (default)")} or fail`),
];

export const CRON: CommandSpec = {
  name: "cron",
  group: "Work:",
  summary: "run prompts by the clock",
  details:
    "Schedules of config.yaml (`schedules:`) are listed here too. Every slot leaves a run: ran, caught_up, skipped, missed or waiting.",
  commands: [
    {
      name: "list",
      summary: "list the schedules, when each fires next, and how it went last",
      options: [{ flags: "--agent <id>", description: "only of this agent" }, JSON_OPTION],
    },
    {
      name: "add",
      summary: "add a schedule, and print its next slots and what a day of it costs",
      details:
        'For example: goclaw cron add report "30 7 * * 1-5" "Summarise yesterday\'s alerts" --timezone Europe/Berlin --per-day-usd 0.50. The expression has five fields (minute hour day month weekday) or is a name: @hourly, @daily, @weekly, @monthly, @yearly, @weekdays, @weekends.',
      arguments: [
        { name: "<name>", description: "what to call it: letters, digits, `.`, `_` and `-`" },
        { name: "<expression>", description: 'when it fires, such as "30 7 * * 1-5" or @daily' },
        { name: "<prompt>", description: "what the agent is asked" },
      ],
      options: [
        { flags: "--agent <id>", description: "the agent that is asked (default: default)" },
        oneOf("--session <which>", "a new session for each run (default), or keep one for all", SESSIONS),
        { flags: "--session-id <id>", description: "keep to this session" },
        { flags: "--disabled", description: "do not fire it before `cron enable`" },
        ...termsOf((text) => text),
        JSON_OPTION,
      ],
    },
    {
      name: "update",
      summary: "change a schedule that stays the same; runs that wait for its budget look again",
      details: "What is not said stays. One of config.yaml is changed there.",
      arguments: [SCHEDULE],
      options: [
        { flags: "--expression <expression>", description: "when it fires" },
        { flags: "--prompt <text>", description: "what the agent is asked" },
        ...termsOf(() => ""),
        JSON_OPTION,
      ],
    },
    {
      name: "remove",
      summary: "remove a schedule; what runs goes on, and its history stays",
      arguments: [SCHEDULE],
      options: [JSON_OPTION],
    },
    {
      name: "enable",
      summary: "fire it again, from its next slot on",
      arguments: [SCHEDULE],
      options: [JSON_OPTION],
    },
    {
      name: "disable",
      summary: "do not fire it; what runs goes on",
      arguments: [SCHEDULE],
      options: [JSON_OPTION],
    },
    {
      name: "runs",
      summary: "list its slots and what became of them, the newest first",
      arguments: [SCHEDULE],
      options: [
        { flags: "--limit <n>", description: "how many (default: 20)", parse: wholeNumber(1, 500) },
        JSON_OPTION,
      ],
    },
  ],
};
