// What the policy is asked, and what it answers.

import type { FileRoot, Label, Touch } from "../domain/act.ts";
import type { Code } from "../domain/error.ts";
import type { Effect } from "./policy.ts";

export interface PolicyRequest {
  /** Null for a caller that is no agent. */
  readonly agentId: string | null;
  readonly capability: string;
  readonly touches: readonly Touch[];
  /** What the task's session holds already. */
  readonly labels: readonly Label[];
  /** Where text from outside came from; only for the reason. */
  readonly sources?: readonly string[];
  readonly isOutgoing: boolean;
  /** The agents that handed this work on, where that is another than the one that does it. */
  readonly onBehalfOf?: readonly string[];
}

export interface Decision {
  readonly effect: Effect;
  /** Null for an allow. */
  readonly code: Code | null;
  readonly rule: string;
  readonly reason: string;
  /** What the rules that allowed it open beside the lists of the policy. */
  readonly roots: readonly FileRoot[];
  readonly domains: readonly string[];
}
