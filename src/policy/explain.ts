// Why the policy decides as it does: the decision itself, made by the same function as at run time, and the rules that
// came near.

import { covers } from "../domain/capability.ts";
import { decide } from "./decide.ts";
import type { Decision, PolicyRequest } from "./decision.ts";
import type { Place } from "./match.ts";
import type { Policy, Rule } from "./policy.ts";
import { nameOf } from "./rule-name.ts";

export interface Explanation {
  readonly decision: Decision;
  readonly near: readonly { readonly rule: string; readonly why: string }[];
}

export function explain(policy: Policy, place: Place, request: PolicyRequest): Explanation {
  const decision = decide(policy, place, request);
  const others = policy.rules.filter((rule) => nameOf(rule) !== decision.rule);
  const near = others.flatMap((rule) => {
    const why = whyNot(policy, place, request, rule);
    return why === undefined ? [] : [{ rule: nameOf(rule), why }];
  });
  return { decision, near };
}

function whyNot(policy: Policy, place: Place, request: PolicyRequest, rule: Rule): string | undefined {
  if (!covers(rule.capability, request.capability)) return undefined;
  const { agents } = rule;
  if (agents !== null && !agents.includes("*") && !agents.includes(request.agentId ?? ""))
    return `it is for ${agents.join(", ")}, not for ${request.agentId ?? "this caller"}`;
  const alone = decide({ ...policy, allowCapabilities: [], rules: [rule] }, place, request);
  if (alone.effect === rule.effect && alone.rule === nameOf(rule))
    return `${rule.effect} is weaker than what decided`;
  return "its selector does not cover what is touched";
}
