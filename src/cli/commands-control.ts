// The commands about what agents may do, and what they did: approvals, policy, audit.

import { type ArgumentSpec, type CommandSpec, JSON_OPTION, type OptionSpec } from "./command-spec.ts";
import { wholeNumber } from "./option-values.ts";

const APPROVAL_ID: ArgumentSpec = {
  name: "<id>",
  description: "id of the approval, or an unambiguous start of it",
};
const NOTE: OptionSpec = {
  flags: "--note <text>",
  description: "why; the agent is told when it is a denial",
};
const POLICY_FILE: ArgumentSpec = {
  name: "[file]",
  description: "another policy (default: policy.yaml of the home)",
};

const APPROVALS: CommandSpec = {
  name: "approvals",
  group: "Control:",
  summary: "see what agents wait for, and answer",
  commands: [
    {
      name: "list",
      summary: "list what waits for you",
      options: [
        { flags: "--all", description: "also what is decided, expired or used" },
        {
          flags: "--limit <n>",
          description: "at most this many (default: 50)",
          parse: wholeNumber(1, 100_000),
        },
        JSON_OPTION,
      ],
    },
    {
      name: "show",
      summary: "show exactly what will be done",
      arguments: [APPROVAL_ID],
      options: [JSON_OPTION],
    },
    {
      name: "approve",
      summary: "allow this one act, once",
      details:
        "The approval covers the act that `approvals show` prints, byte for byte, and is used up by it.",
      arguments: [APPROVAL_ID],
      options: [
        NOTE,
        {
          flags: "--always",
          description:
            "also print the rule for policy.yaml that would allow the like, and what it would have allowed",
        },
        JSON_OPTION,
      ],
    },
    { name: "deny", summary: "refuse it", arguments: [APPROVAL_ID], options: [NOTE, JSON_OPTION] },
    {
      name: "answer",
      summary: "answer an agent's question",
      arguments: [APPROVAL_ID, { name: "<text>", description: "the answer, or one of its options" }],
      options: [JSON_OPTION],
    },
  ],
};

const POLICY: CommandSpec = {
  name: "policy",
  group: "Control:",
  summary: "check and explain policy.yaml",
  commands: [
    {
      name: "check",
      summary: "check a policy as the daemon would",
      arguments: [POLICY_FILE],
      options: [JSON_OPTION],
    },
    {
      name: "explain",
      summary: "say what the policy decides about a request, by which rule and why",
      details: "The same function decides at run time. Exits with 0 also when the answer is deny.",
      options: [
        { flags: "--agent <id>", description: "the agent that asks (default: default)" },
        { flags: "--capability <name>", description: "such as tools.read_file" },
        { flags: "--path <path>", description: "a file or directory it touches" },
        { flags: "--write", description: "the path is written, not only read" },
        { flags: "--domain <host>", description: "a host or URL it reaches" },
        { flags: "--command <line>", description: "a command it runs, split at spaces" },
        { flags: "--mcp <server/tool>", description: "a tool of an MCP server it calls" },
        { flags: "--taint <labels>", description: "what its task holds already: untrusted,outside,private" },
        { flags: "--outgoing", description: "the act carries data out" },
        { flags: "--policy <file>", description: "another policy (default: policy.yaml of the home)" },
        {
          flags: "--batch <file>",
          description: "one request a line as JSON (`-`: standard input); one answer a line",
        },
        JSON_OPTION,
      ],
    },
    {
      name: "test",
      summary: "run the cases of a YAML file against a policy",
      details:
        "Each case is {name, agent, capability, path|domain|command|mcp, expect: allow|ask|deny, rule}. Exits with 1 when one fails.",
      arguments: [{ name: "<file>", description: "the cases" }],
      options: [
        { flags: "--policy <file>", description: "another policy (default: policy.yaml of the home)" },
        JSON_OPTION,
      ],
    },
    {
      name: "diff",
      summary: "say which decisions of the past another policy would have made otherwise",
      options: [
        { flags: "--with <file>", description: "the other policy" },
        { flags: "--since <time>", description: "how far back: 7d, 12h, 30m (default: 7d)" },
        JSON_OPTION,
      ],
    },
  ],
};

const AUDIT: CommandSpec = {
  name: "audit",
  group: "Control:",
  summary: "check and read the audit chain",
  commands: [
    {
      name: "verify",
      summary: "check that no record was changed, removed or added behind goclaw's back",
      details:
        "Compares the chain, its signed checkpoints and logs/audit.jsonl. Exits with 1 and names the first bad record.",
      options: [JSON_OPTION],
    },
    {
      name: "tail",
      summary: "print the newest records",
      options: [
        { flags: "--limit <n>", description: "how many (default: 20)", parse: wholeNumber(1, 100_000) },
        { flags: "--task <id>", description: "only of this task; an unambiguous start of its id will do" },
        { flags: "--json", description: "print one JSON line a record" },
      ],
    },
  ],
};

export const CONTROL: readonly CommandSpec[] = [APPROVALS, POLICY, AUDIT];
