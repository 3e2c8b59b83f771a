// How a rule is called in the audit and in explanations: by what it says, so that the name holds when lines move.

import type { Rule } from "./policy.ts";

export function nameOf({ effect, agents, capability, path, domain, command, mcp }: Rule): string {
  const selector =
    (path !== null && ` path ${path}`) ||
    (domain !== null && ` domain ${domain}`) ||
    (command !== null && ` command ${command.join(" ")}`) ||
    (mcp !== null && ` mcp ${mcp}`) ||
    "";
  const who = agents === null ? "" : ` for ${agents.join(", ")}`;
  return `rule: ${effect} ${capability}${selector}${who}`;
}
