// Inputs of verbs with everything filled in, so that a test says only what it is about.

import type { Answer } from "../../src/domain/message.ts";
import type { EffectRef } from "../../src/journal/effects.ts";
import type { AuditRecord } from "../../src/policy/audit.ts";
import type { ClaimInput } from "../../src/queue/claim.ts";
import type { EnqueueInput } from "../../src/queue/enqueue.ts";
import type { FailInput } from "../../src/queue/fail.ts";
import type { Fence } from "../../src/queue/lease.ts";

export const LEASE_MS = 30_000;
export const BOOT = "boot-1";
export const RETRY = { baseMs: 1_000, maxMs: 30_000 };

export function enqueueInput(id: string, more: Partial<EnqueueInput> = {}): EnqueueInput {
  return {
    id,
    sessionId: `session of ${id}`,
    agentId: "default",
    kind: "chat",
    prompt: `prompt of ${id}`,
    priority: 0,
    maxAttempts: 3,
    maxQueueDepth: 0,
    model: null,
    sampling: {},
    parentId: null,
    traceId: `trace of ${id}`,
    idempotency: null,
    ...more,
  };
}

export function claimInput(more: Partial<ClaimInput> = {}): ClaimInput {
  return { owner: BOOT, leaseMs: LEASE_MS, slots: 1, agentSlots: {}, policyVersion: "policy", ...more };
}

export function failInput(fence: Fence, more: Partial<FailInput> = {}): FailInput {
  const { taskId } = fence;
  const error = { code: "RETRY_PROVIDER_OVERLOADED", message: "the stub fell over", afterMs: 0 };
  return { taskId, fence: fence.fence, ...error, retryReason: error.code, retry: RETRY, ...more };
}

export function answerOf(text: string, more: Partial<Answer> = {}): Answer {
  const said = { text, toolCalls: [], stopReason: "stop", usage: null } as const;
  return { ...said, provider: "scripted", model: "m", ...more };
}

export function effectOf(taskId: string, more: Partial<EffectRef> = {}): EffectRef {
  return {
    key: `${taskId}/0/0`,
    turn: 0,
    callIndex: 0,
    tool: "send_alert",
    effectClass: "once",
    digest: "digest",
    ...more,
  };
}

export function auditOf(taskId: string | null, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    traceId: "trace",
    taskId,
    agentId: "default",
    principal: "agent:default",
    capability: "tools.send_alert",
    resource: null,
    decision: "allow",
    rule: "allow_capabilities: tools.*",
    policyVersion: "policy",
    code: null,
    request: null,
    ...more,
  };
}

let billed = 0;

/** A purse's share of the world when nothing is limited. */
export const UNLIMITED = {
  budget: { onLimit: "suspend" },
  agentBudget: () => undefined,
  providerBudget: () => undefined,
  keyBudget: () => undefined,
  scheduleBudget: () => undefined,
  newId: () => `bill-${++billed}`,
} as const;
