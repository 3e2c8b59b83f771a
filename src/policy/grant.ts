// What an act that was allowed may reach while it runs, beyond what its arguments name: files below a directory, hosts
// behind a redirect, whatever a command opens. Never more than the policy in force and the one its attempt began with
// both open, and nothing that a rule of either speaks against.

import { type FileRoot, type Grant, openRoots, type PathMode } from "../domain/act.ts";
import { concerns, decide } from "./decide.ts";
import type { Decision, PolicyRequest } from "./decision.ts";
import { matchDomain } from "./domain-rules.ts";
import { isBelow, judgeTouch, type Place } from "./match.ts";
import type { Policy, Rule } from "./policy.ts";

export function grantOf(policy: Policy, place: Place, request: PolicyRequest, decided: Decision): Grant {
  let grant = ownGrant(policy, place, request, decided);
  for (const agentId of request.onBehalfOf ?? []) {
    const above = { ...request, agentId };
    grant = narrower(grant, ownGrant(policy, place, above, decide(policy, place, above)));
  }
  return grant;
}

function ownGrant(policy: Policy, place: Place, request: PolicyRequest, decided: Decision): Grant {
  const { workspace } = place;
  const open = [...policy.allowPaths, ...decided.roots];
  const above = open.filter(({ path }) => isBelow(path, workspace));
  const mode = above.some((root) => root.mode === "rw") ? "rw" : "ro";
  const against = unanswered(policy, place, request);
  const barred = against.flatMap(({ path }) => (path === null ? [] : [barredRoot(path)]));
  return {
    roots: [{ path: workspace, mode, closed: above.length === 0 }, ...open, ...barred],
    domains: [...policy.allowDomains, ...decided.domains],
    barredDomains: against.flatMap(({ domain }) => domain ?? []),
    allowLoopback: policy.allowLoopback,
    allowUnsandboxedExec: policy.allowUnsandboxedExec,
  };
}

function barredRoot(path: string): FileRoot {
  return { path, mode: "ro", closed: true, barred: true };
}

/** The rules that deny a path or host, or ask for one that this call was not asked about. */
function unanswered(policy: Policy, place: Place, request: PolicyRequest): Rule[] {
  const against = policy.rules.filter(
    (rule) =>
      rule.effect !== "allow" && (rule.path !== null || rule.domain !== null) && concerns(rule, request),
  );
  if (against.length === 0) return against;
  const touched = request.touches.map((touch) => judgeTouch(policy, place, request, touch));
  return against.filter(
    (rule) => rule.effect === "deny" || !touched.some((judged) => judged.selects(rule) === true),
  );
}

/** What both open. */
export function narrower(one: Grant, other: Grant): Grant {
  const [first, ...rest] = one.roots;
  const [second, ...others] = other.roots;
  if (first === undefined || second === undefined) return other;
  const workspace: FileRoot = {
    path: first.path,
    mode: lesser(first.mode, second.mode),
    closed: first.closed === true || second.closed === true,
  };
  const shared = openRoots(rest).flatMap((root) => openRoots(others).flatMap((each) => overlap(root, each)));
  const barred = [...rest, ...others].filter((root) => root.barred === true);
  return {
    roots: [workspace, ...shared, ...barred],
    domains: [
      ...one.domains.filter((domain) => isIn(domain, other.domains)),
      ...other.domains.filter((domain) => isIn(domain, one.domains)),
    ],
    barredDomains: [...one.barredDomains, ...other.barredDomains],
    allowLoopback: one.allowLoopback && other.allowLoopback,
    allowUnsandboxedExec: one.allowUnsandboxedExec && other.allowUnsandboxedExec,
  };
}

function overlap(one: FileRoot, other: FileRoot): FileRoot[] {
  const mode = lesser(one.mode, other.mode);
  if (isBelow(other.path, one.path)) return [{ path: one.path, mode }];
  return isBelow(one.path, other.path) ? [{ path: other.path, mode }] : [];
}

function lesser(one: PathMode, other: PathMode): PathMode {
  return one === "ro" ? one : other;
}

/** The same line, or a host that a line of the other opens. */
function isIn(domain: string, domains: readonly string[]): boolean {
  return domains.includes(domain) || (!domain.startsWith("*") && matchDomain(domain, domains) !== undefined);
}
