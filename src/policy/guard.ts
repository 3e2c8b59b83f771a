// The only function that says yes. Every route and every tool call asks here; what it decides about an act is audited
// in the act's own transaction by the caller, what it refuses outright is audited here. The policy in force can be
// exchanged; an attempt stays under the one it started with as well.

import type { Grant, Label, Touch } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import type { AuditRecord } from "./audit.ts";
import { decide, isThinkable, stricter } from "./decide.ts";
import type { Decision, PolicyRequest } from "./decision.ts";
import { decideDelegated } from "./delegated.ts";
import { grantOf, narrower } from "./grant.ts";
import type { Place } from "./match.ts";
import type { Policy } from "./policy.ts";
import type { Refusals } from "./refusals.ts";

export interface Asked {
  readonly principal: string;
  readonly capability: string;
  readonly resource: string | null;
  readonly traceId: string;
  readonly taskId: string | null;
  readonly agentId: string | null;
}

/** What an agent wants to do with a tool. */
export interface AskedAct extends Asked {
  readonly touches: readonly Touch[];
  /** What the task's session holds already. */
  readonly labels: readonly Label[];
  readonly sources: readonly string[];
  readonly isOutgoing: boolean;
  /** The other agents that the work comes from. */
  readonly onBehalfOf: readonly string[];
  /** The policy the attempt started with. */
  readonly pinnedVersion: string;
}

export interface DecidedAct {
  readonly decision: Decision;
  /** To be committed with the act, the question or the refusal. */
  readonly record: AuditRecord;
  /** What the act may reach. */
  readonly grant: Grant;
}

export interface Guard {
  /** In force now. */
  readonly policy: () => Policy;
  /** Puts another policy in force, from the next decision on. */
  adopt(policy: Policy): void;
  decideAct(asked: AskedAct): DecidedAct;
  /** False when every call of the capability by the agent would be denied. */
  isThinkable(agentId: string, capability: string): boolean;
  /** Whether `permit` would say yes now; decides nothing and leaves no trace. */
  wouldPermit(capability: string): boolean;
  /** For operations that are not acts of an agent: throws CAP_DENIED, audited, or returns the record of the yes. */
  permit(asked: Asked): Promise<AuditRecord>;
  /** Audits that what the policy permits was refused for another reason. */
  refuse(record: AuditRecord): Promise<void>;
}

export function createGuard(first: Policy, place: Place, refusals: Pick<Refusals, "record">): Guard {
  // Every version that an attempt of this process can be pinned to.
  const versions = new Map([[first.version, first]]);
  let policy = first;
  const operate = (agentId: string | null, capability: string): Decision =>
    decide(policy, place, { agentId, capability, touches: [], labels: [], isOutgoing: false });
  return {
    policy: () => policy,
    adopt: (next) => {
      versions.set(next.version, next);
      policy = next;
    },
    decideAct: ({ touches, labels, sources, isOutgoing, onBehalfOf, pinnedVersion, ...asked }) => {
      const { agentId, capability } = asked;
      const request = { agentId, capability, touches, labels, sources, isOutgoing, onBehalfOf };
      let decision = decideDelegated(policy, place, request);
      let grant = grantOf(policy, place, request, decision);
      const pinned = versions.get(pinnedVersion);
      if (pinned !== undefined && pinned !== policy) {
        const before = decideDelegated(pinned, place, request);
        decision = stricter(decision, before);
        grant = narrower(grant, grantOf(pinned, place, request, before));
      }
      return { decision, record: recordOf(policy, asked, decision, requestText(request)), grant };
    },
    refuse: (record) => refusals.record({ ...record, decision: "deny" }),
    isThinkable: (agentId, capability) => isThinkable(policy, agentId, capability),
    wouldPermit: (capability) => operate(null, capability).effect === "allow",
    permit: async (asked) => {
      const decision = operate(asked.agentId, asked.capability);
      const record = recordOf(policy, asked, decision, null);
      if (decision.effect === "allow") return record;
      await refusals.record(record);
      throw new GoclawError("CAP_DENIED", decision.reason);
    },
  };
}

/** What the audit keeps of a request beside agent and capability; null when that is nothing. */
function requestText({
  touches,
  labels,
  sources,
  isOutgoing,
  onBehalfOf = [],
}: PolicyRequest): string | null {
  if (touches.length === 0 && labels.length === 0 && onBehalfOf.length === 0) return null;
  const chain = onBehalfOf.length === 0 ? {} : { onBehalfOf };
  return JSON.stringify({ touches, labels, sources, isOutgoing, ...chain });
}

function recordOf(policy: Policy, asked: Asked, decision: Decision, request: string | null): AuditRecord {
  const { effect, rule, code } = decision;
  return { ...asked, decision: effect, rule, policyVersion: policy.version, code, request };
}
