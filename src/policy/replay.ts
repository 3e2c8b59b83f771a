// Asks a policy again about decisions of the past, as the audit has them.

import type { PolicyDifference } from "../domain/control.ts";
import type { AuditRow } from "./audit-read.ts";
import type { PolicyRequest } from "./decision.ts";
import { decideDelegated } from "./delegated.ts";
import type { Place } from "./match.ts";
import type { Policy } from "./policy.ts";

export interface Replayed {
  readonly decisions: number;
  readonly changed: readonly PolicyDifference[];
}

export function replay(rows: Iterable<AuditRow>, policy: Policy, place: Place): Replayed {
  const changed: PolicyDifference[] = [];
  let decisions = 0;
  for (const row of rows) {
    if (!isPolicyDecision(row)) continue;
    decisions++;
    const now = decideDelegated(policy, place, requestOf(row));
    const was = decisionOf(row);
    if (now.effect === was) continue;
    const { seq, agentId: agent_id, capability, resource } = row;
    const at = new Date(row.at).toISOString();
    changed.push({
      seq,
      at,
      agent_id,
      capability,
      resource,
      was,
      would_be: now.effect,
      rule: now.rule,
    });
  }
  return { decisions, changed };
}

const NOT_BY_POLICY = [
  "APPROVAL_DENIED",
  "APPROVAL_EXPIRED",
  "APPROVAL_MISMATCH",
  "APPROVAL_UNSHOWABLE",
  "LIMIT_RATE",
];

/** A person's answers and the limits that are built in are no decisions of a policy; what was cut cannot be asked again. */
function isPolicyDecision({ agentId, rule, code, request }: AuditRow): boolean {
  return (
    agentId !== null &&
    request?.startsWith('{"cut":') !== true &&
    !rule.startsWith("approval ") &&
    !NOT_BY_POLICY.includes(code ?? "")
  );
}

/** What a tool asks by itself the policy allowed; what the policy asks has a code. */
function decisionOf({ decision, code }: AuditRow): PolicyDifference["was"] {
  return decision === "ask" && code === null ? "allow" : decision;
}

function requestOf({ agentId, capability, request }: AuditRow): PolicyRequest {
  const told = request === null ? {} : (JSON.parse(request) as Partial<PolicyRequest>);
  const { touches = [], labels = [], sources = [], isOutgoing = false, onBehalfOf = [] } = told;
  return { agentId, capability, touches, labels, sources, isOutgoing, onBehalfOf };
}
