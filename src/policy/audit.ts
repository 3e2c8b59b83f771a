// The audit chain: every decision that led to an act or a refusal, each record hashed together with the one before it,
// written in the transaction of the act it belongs to.

import { createHash } from "node:crypto";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";

export interface AuditRecord {
  readonly traceId: string;
  readonly taskId: string | null;
  readonly agentId: string | null;
  /** Who asked: `token` (the home's bearer token), or `agent:<id>` for a tool call. */
  readonly principal: string;
  readonly capability: string;
  readonly resource: string | null;
  readonly decision: "allow" | "deny" | "ask";
  readonly rule: string;
  readonly policyVersion: string;
  /** Why, from the closed list; null for an allow. */
  readonly code: string | null;
  /** What was asked of the policy, as JSON; null when there is nothing beside the capability. */
  readonly request: string | null;
}

const LAST_HASH_SQL = "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1";

const INSERT_SQL = `
  INSERT INTO audit (at, trace_id, task_id, agent_id, principal, capability, resource, decision, rule,
                     policy_version, code, request, hash)
  VALUES (@at, @traceId, @taskId, @agentId, @principal, @capability, @resource, @decision, @rule,
          @policyVersion, @code, @request, @hash)`;

const RESOURCE_CHARS = 2_000;
const REQUEST_CHARS = 32_000;

/** Appends inside the caller's transaction: no audit, no act. */
export function appendAudit(tx: Tx, whole: AuditRecord): void {
  const record = bounded(whole);
  const before = tx.get<{ hash: string }>(LAST_HASH_SQL)?.hash ?? "";
  const at = tx.nowMs;
  tx.run(INSERT_SQL, { ...record, at, hash: auditHash(before, at, record) });
}

/** What others wrote is kept as it is up to a length, and beyond it as its beginning, its length and its hash. */
function bounded(record: AuditRecord): AuditRecord {
  const { resource, request } = record;
  const isLong = (resource?.length ?? 0) > RESOURCE_CHARS || (request?.length ?? 0) > REQUEST_CHARS;
  if (!isLong) return record;
  return {
    ...record,
    resource: resource === null ? null : cutText(resource, RESOURCE_CHARS),
    request:
      request === null || request.length <= REQUEST_CHARS
        ? request
        : JSON.stringify({ cut: cutText(request, RESOURCE_CHARS) }),
  };
}

function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const digest = createHash("sha256").update(text).digest("hex");
  return `${text.slice(0, max / 2).toWellFormed()}… [${text.length} characters, sha256 ${digest}]`;
}

/**
 * SHA-256 over the previous hash and the record's fields in this order, as a JSON array. Code and request are the last
 * two, and left out when both are null.
 */
export function auditHash(before: string, at: number, record: AuditRecord): string {
  const { traceId, taskId, agentId, principal, capability, resource, decision, rule, policyVersion } = record;
  const fields = [
    before,
    at,
    traceId,
    taskId,
    agentId,
    principal,
    capability,
    resource,
    decision,
    rule,
    policyVersion,
  ];
  const { code, request } = record;
  if (code !== null || request !== null) fields.push(code, request);
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}

export const recordAudit = defineVerb("policy.record_audit", (tx, record: AuditRecord): void => {
  appendAudit(tx, record);
});

const SAVE_VERSION_SQL = `
  INSERT INTO policy_versions (version, text, loaded_at) VALUES (@version, @text, @now)
  ON CONFLICT (version) DO NOTHING`;

/** Keeps the text of every policy that was ever in force, so that old decisions can be explained. */
export const savePolicyVersion = defineVerb(
  "policy.save_version",
  (tx, { version, text }: { version: string; text: string }): void => {
    tx.run(SAVE_VERSION_SQL, { version, text, now: tx.nowMs });
  },
);
