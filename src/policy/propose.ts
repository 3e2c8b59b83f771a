// "Always allow like this": the narrowest rule that covers an approved act again. Never for a program that runs whatever
// it is told to, and never a remembered string: what comes out is a line of policy.yaml for a person to add.

import { basename, dirname } from "node:path";
import { GoclawError } from "../domain/error.ts";
import type { Rule } from "./policy.ts";

export interface ApprovedAct {
  readonly agentId: string;
  readonly capability: string;
  readonly act: Readonly<Record<string, unknown>>;
}

/** Programs that run other programs, or code that stands in their arguments. */
const RUNS_ANYTHING = new Set(
  (
    "sh bash dash zsh fish ksh csh tcsh busybox env sudo su doas nice nohup timeout stdbuf setsid xargs parallel find fd " +
    "watch time script ssh scp rsync git make cmake ninja npm npx pnpm yarn bun deno node python python2 python3 perl " +
    "ruby php lua awk gawk mawk sed vim vi ex emacs less more man tar zip unzip curl wget docker podman kubectl go cargo " +
    "rustc gcc cc java mvn gradle uv uvx pip pipx at crontab systemd-run screen tmux expect strace gdb"
  ).split(" "),
);

/** Throws APPROVAL_TOO_BROAD when a rule for the like would allow too much. */
export function ruleLike({ agentId, capability, act }: ApprovedAct): Rule {
  const base: Rule = {
    effect: "allow",
    agents: [agentId],
    capability,
    path: null,
    domain: null,
    command: null,
    mcp: null,
    reason: null,
  };
  const args = (act.arguments ?? act) as Readonly<Record<string, unknown>>;
  const argv = act.argv ?? args.argv;
  if (Array.isArray(argv)) return { ...base, command: commandLike(argv.map(String)) };
  if (capability.startsWith("mcp.")) {
    const [, server = "", ...tool] = capability.split(".");
    return { ...base, mcp: `${server}/${tool.join(".")}` };
  }
  if (typeof args.url === "string" && URL.canParse(args.url))
    return { ...base, domain: new URL(args.url).hostname };
  if (typeof args.path === "string" && args.path.startsWith("/"))
    return { ...base, path: dirname(args.path) };
  if (typeof args.command === "string") throw tooBroad("a shell line");
  return base;
}

function commandLike(argv: readonly string[]): readonly string[] {
  const program = basename(argv[0] ?? "");
  if (RUNS_ANYTHING.has(program)) throw tooBroad(program);
  if (argv.includes("*")) throw tooBroad("a command with the word *");
  return argv; // exactly these words: an option more may be another act
}

function tooBroad(what: string): GoclawError {
  return new GoclawError(
    "APPROVAL_TOO_BROAD",
    `${what} can run anything, so a rule for the like would allow too much; approve it each time, or write the rule yourself`,
  );
}

/** One item for `rules` of policy.yaml; JSON is YAML, and quotes what needs it. */
export function ruleText(rule: Rule): string {
  const said = Object.entries(rule).filter(([, value]) => value !== null);
  return `- {${said.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(", ")}}`;
}
