// The decision: a pure function of policy and request. Deny beats ask beats allow, whatever their order; what no rule
// allows is denied, and every allow names the rule it comes from. A call that touches several things gets the strictest
// of its decisions.

import type { FileRoot, Touch } from "../domain/act.ts";
import { covers } from "../domain/capability.ts";
import type { Code } from "../domain/error.ts";
import type { Decision, PolicyRequest } from "./decision.ts";
import { hasSelector, type Judged, judgeTouch, type Place } from "./match.ts";
import type { Effect, Policy, Rule } from "./policy.ts";
import { nameOf } from "./rule-name.ts";
import { FILES_THAT_RUN, judgeTaint } from "./taint.ts";

export const SEVERITY: Readonly<Record<Effect, number>> = { allow: 0, ask: 1, deny: 2 };
const NO_TOUCH: readonly Touch[] = [{}];

export function decide(policy: Policy, place: Place, request: PolicyRequest): Decision {
  const touches = request.touches.length === 0 ? NO_TOUCH : request.touches;
  const rules = policy.rules.filter((rule) => concerns(rule, request));
  const all = touches.map((touch) => judgeTouch(policy, place, request, touch));
  // `ask … command git *` also speaks for the directory the command runs in, where the lists open that one.
  const opener = rules.find(
    (rule) => rule.effect !== "deny" && all.some((judged) => judged.selects(rule) === true),
  );
  let worst: Decision | undefined;
  const roots: FileRoot[] = [];
  const domains: string[] = [];
  for (const judged of all) {
    const decision = flagged(decideTouch(policy, rules, request, judged, opener), judged);
    roots.push(...decision.roots);
    domains.push(...decision.domains);
    if (worst === undefined || SEVERITY[decision.effect] > SEVERITY[worst.effect]) worst = decision;
  }
  const decided = { ...(worst as Decision), roots, domains };
  return judgeTaint(decided, request);
}

/** False when no call of this capability can be allowed or asked for, whatever it touches: then nobody need hear of it. */
export function isThinkable(policy: Policy, agentId: string, capability: string): boolean {
  const rules = policy.rules.filter((rule) => concerns(rule, { agentId, capability }));
  if (rules.some((rule) => rule.effect === "deny" && !hasSelector(rule))) return false;
  if (policy.allowCapabilities.some((pattern) => covers(pattern, capability))) return true;
  if (rules.some(({ effect }) => effect !== "deny")) return true;
  return capability.startsWith("mcp.") && (policy.mcp.default !== "deny" || policy.mcp.rules.length > 0);
}

/** The stricter of two decisions: an attempt runs under the policy it started with and the one in force. */
export function stricter(first: Decision, second: Decision): Decision {
  return SEVERITY[second.effect] > SEVERITY[first.effect] ? second : first;
}

/** Whether the rule is about this capability of this agent. */
export function concerns(
  { agents, capability }: Rule,
  { agentId, capability: wanted }: Pick<PolicyRequest, "agentId" | "capability">,
): boolean {
  if (!covers(capability, wanted)) return false;
  return agents === null || (agentId !== null && (agents.includes(agentId) || agents.includes("*")));
}

function decideTouch(
  policy: Policy,
  rules: readonly Rule[],
  { capability }: PolicyRequest,
  judged: Judged,
  opener: Rule | undefined,
): Decision {
  if (judged.refusal !== null) return deny(judged.refusal.code, judged.refusal.rule, judged.refusal.why);
  const hits = (effect: Effect, isWhole = (_rule: Rule) => true): Rule | undefined =>
    rules.find(
      (rule) =>
        rule.effect === effect &&
        (judged.selects(rule) ?? (effect === "deny" || judged.isListed)) &&
        isWhole(rule),
    );
  const denied = hits("deny");
  if (denied !== undefined)
    return deny("CAP_DENIED", nameOf(denied), denied.reason ?? "a rule of the policy denies it");
  const asked = hits("ask");
  if (asked !== undefined) return granted("ask", asked, judged);
  if (judged.fallback === "ask") {
    return {
      ...NOTHING_OPEN,
      effect: "ask",
      code: "APPROVAL_REQUIRED",
      rule: judged.listName,
      reason: "mcp.default asks",
    };
  }
  const allowed = hits("allow", (rule) => judged.falters(rule) === null);
  if (allowed !== undefined) return granted("allow", allowed, judged);
  const listed = policy.allowCapabilities.find((pattern) => covers(pattern, capability));
  const spoken = judged.hasList ? opener : undefined;
  if (listed === undefined && judged.fallback !== "allow" && spoken === undefined) {
    const near = hits("allow");
    return near === undefined ? missing(capability, rules) : faltering(near, judged);
  }
  if (!judged.isListed) return deny(judged.code, "default", judged.why);
  const opened = listed === undefined ? spoken && nameOf(spoken) : `allow_capabilities: ${listed}`;
  const rule = opened ?? judged.listName;
  const where = judged.listName === "" || opened === undefined ? "" : `, ${judged.listName}`;
  return {
    ...NOTHING_OPEN,
    effect: "allow",
    code: null,
    rule: `${rule}${where}`,
    reason: `allowed by ${rule}${where}`,
  };
}

const NOTHING_OPEN = { roots: [], domains: [] } as const;

/** Files that make other programs run something: allowed is not enough for writing them. */
function flagged(decision: Decision, { ask }: Judged): Decision {
  if (ask === null || decision.effect !== "allow") return decision;
  return {
    ...decision,
    effect: "ask",
    code: "APPROVAL_REQUIRED",
    rule: FILES_THAT_RUN,
    reason: `${ask} (${decision.rule} allows it otherwise)`,
  };
}

function deny(code: Code, rule: string, reason: string): Decision {
  return { ...NOTHING_OPEN, effect: "deny", code, rule, reason };
}

function missing(capability: string, rules: readonly Rule[]): Decision {
  const near = rules.find(({ effect }) => effect !== "deny");
  const hint =
    near === undefined
      ? "add it to allow_capabilities to permit it"
      : `the nearest rule (${nameOf(near)}) does not cover this`;
  return deny("CAP_DENIED", "default", `policy.yaml does not allow ${capability}; ${hint}`);
}

function granted(effect: "ask" | "allow", rule: Rule, judged: Judged): Decision {
  const name = nameOf(rule);
  const reason = rule.reason ?? (effect === "ask" ? `${name} asks` : `allowed by ${name}`);
  return {
    effect,
    code: effect === "ask" ? "APPROVAL_REQUIRED" : null,
    rule: name,
    reason,
    roots: rule.path === null || judged.root === null ? [] : [{ path: rule.path, mode: judged.root }],
    domains:
      rule.domain === null || judged.host === null ? [] : [effect === "ask" ? judged.host : rule.domain],
  };
}

/** A command that an allow means only by its last `*`: too little for a yes, near enough for a question. */
function faltering(rule: Rule, judged: Judged): Decision {
  return { ...granted("ask", rule, judged), code: "EXEC_NOT_ALLOWED", reason: judged.falters(rule) ?? "" };
}
