// "Always allow like this": the narrowest rule that covers an approved act again. Never for a program that runs whatever
// it is told to, and never a remembered string: what comes out is a line of policy.yaml for a person to add.

import { dirname } from "node:path";
import { GoclawError } from "../domain/error.ts";
import type { Rule } from "./policy.ts";
import { runsAnything } from "./programs.ts";

export interface ApprovedAct {
  readonly agentId: string;
  readonly capability: string;
  readonly act: Readonly<Record<string, unknown>>;
}

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
  if (Array.isArray(argv)) {
    const { path = "" } = (act.executable ?? {}) as { readonly path?: string };
    return { ...base, command: commandLike(argv.map(String), path) };
  }
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

/** Of git, what only looks, so long as no option in front of it says otherwise. */
const LOOKS = /^(status|log|diff|show|branch|rev-parse|ls-files|blame)$/;

/** Exactly these words: an option more may be another act. */
function commandLike(argv: readonly string[], executable: string): readonly string[] {
  const [program = "", subcommand = ""] = argv;
  const isLook = program === "git" && LOOKS.test(subcommand);
  const runner = [program, executable].find(runsAnything);
  if (runner !== undefined && !isLook) throw tooBroad(program);
  if (executable !== "" && !/^\/(usr|bin)\//.test(executable))
    throw tooBroad(`${program}, which an agent may rewrite,`);
  if (argv.includes("*")) throw tooBroad("a command with the word *");
  return argv;
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
