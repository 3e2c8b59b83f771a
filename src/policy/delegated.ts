// Work that one agent handed to another: it is decided for the one that does it and for every one that it comes from, and
// the strictest of these decisions counts. Otherwise an agent would get by asking another what it may not do itself.

import { decide, SEVERITY } from "./decide.ts";
import type { Decision, PolicyRequest } from "./decision.ts";
import type { Place } from "./match.ts";
import type { Policy } from "./policy.ts";

export function decideDelegated(policy: Policy, place: Place, request: PolicyRequest): Decision {
  let decision = decide(policy, place, request);
  for (const agentId of request.onBehalfOf ?? []) {
    const above = decide(policy, place, { ...request, agentId });
    if (SEVERITY[above.effect] <= SEVERITY[decision.effect]) continue;
    const may = above.effect === "deny" ? "may not do it itself" : "would be asked about it";
    decision = {
      ...above,
      code: above.effect === "deny" ? "DELEGATE_ESCALATION" : above.code,
      reason: `agent ${agentId}, which this work comes from, ${may}: ${above.reason}`,
    };
  }
  return decision;
}
