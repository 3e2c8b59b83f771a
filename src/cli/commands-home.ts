// The commands about the daemon and the home: daemon, status, config, token, key, db.

import { onLimit, PERIOD_LIMITS } from "./budget-options.ts";
import { type ArgumentSpec, type CommandSpec, JSON_OPTION, type OptionSpec } from "./command-spec.ts";
import { dollars, expiry, nonNegativeSeconds, wholeNumber, wordList } from "./option-values.ts";

export const DAEMON: readonly CommandSpec[] = [
  {
    name: "daemon",
    group: "Daemon:",
    summary: "run, start, stop or look at the daemon",
    commands: [
      {
        name: "run",
        summary: "run the daemon in the foreground",
        details: "SIGTERM or Ctrl-C stops it with a drain; a second one ends the drain's wait.",
        options: [
          { flags: "--quiet", description: "log to logs/system.jsonl only, not to standard error as well" },
        ],
      },
      {
        name: "start",
        summary: "start the daemon in the background and wait until it is ready",
        options: [JSON_OPTION],
      },
      {
        name: "stop",
        summary: "stop the daemon; what runs gets drain_timeout_seconds to finish",
        options: [
          { flags: "--now", description: "do not wait for running tasks; they are put back into the queue" },
          {
            flags: "--timeout <seconds>",
            description: "stop waiting for its end after that long",
            parse: nonNegativeSeconds,
          },
        ],
      },
      {
        name: "status",
        summary: "the same as `goclaw status`",
        options: [JSON_OPTION],
      },
    ],
  },
  {
    name: "status",
    group: "Daemon:",
    summary: "say whether the daemon runs, and how its parts are",
    details: "Exits with 1 when no daemon runs or it takes no work.",
    options: [JSON_OPTION],
  },
];

const KEY_REF: ArgumentSpec = { name: "<key>", description: "name or id of the key" };

const KEY_LIMITS: readonly OptionSpec[] = [
  { flags: "--rpm <n>", description: "requests a minute", parse: wholeNumber(1, 100_000) },
  { flags: "--budget-usd <usd>", description: "US dollars it may spend in all", parse: dollars },
  ...PERIOD_LIMITS,
  onLimit("what its tasks do at a limit: suspend (default) or fail"),
];

const KEY_OPTIONS: readonly OptionSpec[] = [
  { flags: "--agents <ids>", description: "the agents it is for, with commas; `*` is all", parse: wordList },
  {
    flags: "--scopes <names>",
    description: "of acp.read, acp.mutate and llm.passthrough, with commas (default: all)",
    parse: wordList,
  },
  ...KEY_LIMITS,
  {
    flags: "--expires <when>",
    description: "a day such as 2026-01-31, or a time from now such as 30d",
    parse: expiry,
  },
  JSON_OPTION,
];

const CONFIG_KEY: ArgumentSpec = { name: "<key>", description: "dotted name, such as `retry.base_ms`" };

export const HOME: readonly CommandSpec[] = [
  {
    name: "config",
    group: "Home:",
    summary: "read, change and check config.yaml",
    commands: [
      {
        name: "get",
        summary: "print what a key is set to, environment and defaults included",
        arguments: [CONFIG_KEY],
        options: [JSON_OPTION],
      },
      {
        name: "set",
        summary: "set a key; comments and everything else stay",
        arguments: [
          CONFIG_KEY,
          { name: "<value>", description: "text, number, true or false, or a YAML list such as `[a, b]`" },
        ],
      },
      {
        name: "unset",
        summary: "remove a key, so that its default holds again",
        arguments: [CONFIG_KEY],
      },
      {
        name: "validate",
        summary: "check config.yaml as the daemon would",
        options: [JSON_OPTION],
      },
      {
        name: "schema",
        summary: "print the JSON Schema of config.yaml",
      },
      {
        name: "path",
        summary: "print where config.yaml is",
      },
    ],
  },
  {
    name: "token",
    group: "Home:",
    summary: "show or replace the token that clients send",
    commands: [
      {
        name: "show",
        summary: "print the token",
        options: [JSON_OPTION],
      },
      {
        name: "rotate",
        summary: "write a new token; the old one is refused from then on",
      },
    ],
  },
  {
    name: "key",
    group: "Home:",
    summary: "API keys for clients, narrower than the token",
    details: "Needs admin.keys in policy.yaml. Every change is in the audit.",
    commands: [
      {
        name: "add",
        summary: "make a key and print it, once",
        details:
          "A key submits and reads the tasks of its agents and nothing else. At its budget its tasks wait with AWAITING_BUDGET, or fail with --on-limit fail.",
        arguments: [{ name: "<name>", description: "what to call it: letters, digits, `.`, `_` and `-`" }],
        options: KEY_OPTIONS,
      },
      {
        name: "list",
        summary: "list the keys, revoked ones too; the keys themselves are not kept",
        options: [JSON_OPTION],
      },
      {
        name: "update",
        summary: "change a key's limits; tasks that wait for its budget look again",
        arguments: [KEY_REF],
        options: [...KEY_LIMITS, JSON_OPTION],
      },
      {
        name: "revoke",
        summary: "refuse a key from now on and end its open streams; tasks it submitted go on",
        arguments: [KEY_REF],
        options: [JSON_OPTION],
      },
    ],
  },
  {
    name: "db",
    group: "Home:",
    summary: "look after goclaw.db",
    commands: [
      {
        name: "check",
        summary: "check the database; works beside a running daemon",
        options: [
          { flags: "--quick", description: "leave out what takes long on a large database" },
          JSON_OPTION,
        ],
      },
    ],
  },
];
