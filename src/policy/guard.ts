// The only function that says yes. Every route and every tool call asks here; what it decides about an act is audited
// in the act's own transaction by the caller, what it refuses outright is audited here.

import { GoclawError } from "../domain/error.ts";
import type { Store } from "../store/store.ts";
import { type AuditRecord, recordAudit } from "./audit.ts";
import { type Decision, decide } from "./decide.ts";
import type { Policy } from "./policy.ts";

export interface Asked {
  readonly principal: string;
  readonly capability: string;
  readonly resource: string | null;
  readonly traceId: string;
  readonly taskId: string | null;
  readonly agentId: string | null;
}

export interface Guard {
  readonly policyVersion: string;
  /** Decides and prepares the audit record that the caller must commit with the act or the refusal. */
  decide(asked: Asked): { readonly decision: Decision; readonly record: AuditRecord };
  /** For operations that are not acts of an agent: throws CAP_DENIED, audited, or returns the record of the yes. */
  permit(asked: Asked): Promise<AuditRecord>;
}

export function createGuard(policy: Policy, store: Store): Guard {
  const judge = (asked: Asked): { decision: Decision; record: AuditRecord } => {
    const decision = decide(policy, asked.capability);
    const record = {
      ...asked,
      decision: decision.effect,
      rule: decision.rule,
      policyVersion: policy.version,
    };
    return { decision, record };
  };
  return {
    policyVersion: policy.version,
    decide: judge,
    permit: async (asked) => {
      const { decision, record } = judge(asked);
      if (decision.effect === "allow") return record;
      await store.run(recordAudit, record);
      throw new GoclawError("CAP_DENIED", decision.reason);
    },
  };
}
