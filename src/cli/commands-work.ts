// The commands that submit tasks and look after them: run, demo, task, session.

import { TASK_STATES } from "../domain/task.ts";
import { type ArgumentSpec, type CommandSpec, JSON_OPTION, type OptionSpec } from "./command-spec.ts";
import { oneOf, positiveSeconds, wholeNumber } from "./option-values.ts";

const VERBOSE_OPTION: OptionSpec = {
  flags: "--verbose",
  description: "say on standard error what happens, also when it is not a terminal",
};
const TASK_ID: ArgumentSpec = { name: "<id>", description: "id of the task, or an unambiguous start of it" };

const RUN_OPTIONS: readonly OptionSpec[] = [
  { flags: "--agent <id>", description: "the agent that answers (default: default)" },
  { flags: "--session <id>", description: "go on with a conversation" },
  { flags: "--model <name>", description: "another model of the agent's provider, or tier:NAME, or auto" },
  { flags: "--schema <file>", description: "the answer must be JSON that fits the JSON Schema in this file" },
  {
    flags: "--record <file>",
    description: "write what the model answered into this cassette, for the replay provider",
  },
  {
    flags: "--idempotency-key <key>",
    description: "the same key and prompt name the same task, however often they are sent",
  },
  { flags: "--detach", description: "print the task's id and do not wait for the answer" },
  {
    flags: "--timeout <seconds>",
    description: "give up waiting after that long; the task goes on",
    parse: positiveSeconds,
  },
  VERBOSE_OPTION,
  {
    flags: "--json",
    description: "print the task's events as JSON lines and the task last",
  },
];

const SESSION_ID: ArgumentSpec = {
  name: "<id>",
  description: "id of the session, or an unambiguous start of it",
};

const SESSION: CommandSpec = {
  name: "session",
  group: "Work:",
  summary: "look at conversations, or make one shorter",
  commands: [
    {
      name: "list",
      summary: "list sessions, the newest first",
      options: [
        {
          flags: "--limit <n>",
          description: "at most this many (default: 20)",
          parse: wholeNumber(1, 100_000),
        },
        JSON_OPTION,
      ],
    },
    {
      name: "show",
      summary: "print what was said in a session",
      arguments: [SESSION_ID],
      options: [JSON_OPTION],
    },
    {
      name: "compact",
      summary: "have everything that was said summarised, and print the summary",
      details:
        "A task like any other; the messages themselves stay. The same as the prompt /compact in the session.",
      arguments: [SESSION_ID],
      options: [
        {
          flags: "--agent <id>",
          description: "whose model writes the summary (default: the session's own agent)",
        },
        {
          flags: "--timeout <seconds>",
          description: "give up waiting after that long; the task goes on",
          parse: positiveSeconds,
        },
        VERBOSE_OPTION,
        { flags: "--json", description: "print the task's events as JSON lines and the task last" },
      ],
    },
  ],
};

export const WORK: readonly CommandSpec[] = [
  {
    name: "run",
    group: "Work:",
    summary: "submit one task and print its answer",
    details:
      "Uses the running daemon, or runs one for the call. Ctrl-C cancels the task, a second one leaves at once. " +
      "Exits with 0 when the task succeeded, else with 1.",
    arguments: [{ name: "<prompt>", description: "what is to be done; `-` reads it from standard input" }],
    options: RUN_OPTIONS,
  },
  {
    name: "demo",
    group: "Work:",
    summary: "see the whole pipeline at work, without a key and without a network",
    details: "A recorded task runs in a home of its own under the temporary directory. No model is called.",
    options: [
      { flags: "--keep", description: "do not remove the demo's home, and say where it is" },
      JSON_OPTION,
    ],
  },
  {
    name: "task",
    group: "Work:",
    summary: "look at tasks, and take a hand in them",
    commands: [
      {
        name: "list",
        summary: "list tasks, the newest first",
        options: [
          oneOf("--state <state>", "only tasks in this state", TASK_STATES),
          { flags: "--agent <id>", description: "only tasks of this agent" },
          { flags: "--session <id>", description: "only tasks of this session" },
          {
            flags: "--limit <n>",
            description: "at most this many (default: 20)",
            parse: wholeNumber(1, 100_000),
          },
          JSON_OPTION,
        ],
      },
      {
        name: "show",
        summary: "show one task with its prompt and answer",
        arguments: [TASK_ID],
        options: [JSON_OPTION],
      },
      {
        name: "events",
        summary: "print everything that happened to a task",
        arguments: [TASK_ID],
        options: [{ flags: "--json", description: "print one JSON line an event" }],
      },
      {
        name: "tail",
        summary: "follow a task to its end",
        arguments: [TASK_ID],
        options: [{ flags: "--json", description: "print one JSON line an event, and the task last" }],
      },
      {
        name: "why",
        summary: "say in a sentence what a task waits for, or how it ended",
        arguments: [TASK_ID],
        options: [JSON_OPTION],
      },
      {
        name: "cancel",
        summary: "cancel a task that has not ended",
        arguments: [TASK_ID],
        options: [JSON_OPTION],
      },
      {
        name: "retry",
        summary: "bring a task back from the dead-letter queue",
        arguments: [TASK_ID],
        options: [JSON_OPTION],
      },
      {
        name: "resolve",
        summary: "say whether an act with an unknown outcome happened",
        details:
          "For a task that waits with EFFECT_UNKNOWN. Look at the other side first, then say which it was.",
        arguments: [TASK_ID],
        options: [
          { flags: "--happened", description: "it took effect: go on without doing it again" },
          { flags: "--did-not", description: "it did not take effect: do it" },
          JSON_OPTION,
        ],
      },
    ],
  },
  SESSION,
];
