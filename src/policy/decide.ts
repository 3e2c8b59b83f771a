// The decision function: pure, the same for every surface. Default deny; every allow names its rule.

import { covers } from "../domain/capability.ts";
import type { Policy } from "./policy.ts";

export interface Decision {
  readonly effect: "allow" | "deny";
  readonly rule: string;
  readonly reason: string;
}

export function decide(policy: Policy, capability: string): Decision {
  const rule = policy.allowCapabilities.find((pattern) => covers(pattern, capability));
  if (rule === undefined) {
    return {
      effect: "deny",
      rule: "default",
      reason: `policy.yaml does not allow ${capability}; add it to allow_capabilities to permit it`,
    };
  }
  return { effect: "allow", rule: `allow_capabilities: ${rule}`, reason: `allowed by ${rule}` };
}
