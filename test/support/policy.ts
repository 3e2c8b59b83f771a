// Policies, guards and hands for tests that have no home: the text of a policy in, the real parser and guard out.

import { recordAudit } from "../../src/policy/audit.ts";
import { createGuard, type Guard } from "../../src/policy/guard.ts";
import type { Place } from "../../src/policy/match.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import type { Policy } from "../../src/policy/policy.ts";
import type { Store } from "../../src/store/store.ts";
import type { Hands } from "../../src/tools/perform.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { toolPorts } from "./tool-context.ts";

export const PLACE: Place = { home: "/home/u/.goclaw", workspace: "/home/u/.goclaw/workspace" };

export function policyOf(text: string, capabilities: readonly string[] = [], file = "policy.yaml"): Policy {
  return parsePolicy(text, { file, base: PLACE.home, capabilities });
}

export function guardOf(text: string, capabilities: readonly string[], store: Store): Guard {
  return createGuard(policyOf(text, capabilities), PLACE, {
    record: (refusal) => store.run(recordAudit, refusal),
  });
}

/** Hands with a clock that stands, ids that count, and nothing to reach. */
export function handsOf(
  store: Store,
  guard: Guard,
  tools: readonly Tool[],
  more: Partial<Hands> = {},
): Hands {
  let ids = 0;
  return {
    store,
    guard,
    toolsFor: () => tools,
    newId: () => `id-${String(++ids).padStart(4, "0")}`,
    now: () => new Date(0),
    approvalMs: 60_000,
    redact: (text) => text,
    ports: toolPorts(),
    ...more,
  };
}
