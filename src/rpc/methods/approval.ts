// `approval.list|get|respond`: what waits for a person, and the person's answer.

import { GoclawError } from "../../domain/error.ts";
import { UUID_PATTERN } from "../../domain/ids.ts";
import { type Approval, findApprovalById, listApprovals } from "../../journal/approval-list.ts";
import { type ApprovalStatus, respondApproval } from "../../journal/approvals.ts";
import type { Reader } from "../../store/reader.ts";
import { defineMethod, paramsOf } from "../method.ts";

interface ById {
  readonly approval_id: string;
}
interface OneApproval {
  readonly approval: WireApproval;
}

export type WireApproval = ReturnType<typeof toWireApproval>;

const approvalId = { type: "string", minLength: 1, maxLength: 64 };
const STATUSES = ["PENDING", "APPROVED", "DENIED", "EXPIRED", "USED"];

function toWireApproval(approval: Approval) {
  const { decidedAt, decidedBy, note, answer } = approval;
  return {
    id: approval.id,
    task_id: approval.taskId,
    session_id: approval.sessionId,
    agent_id: approval.agentId,
    kind: approval.kind,
    capability: approval.capability,
    status: approval.status,
    act: approval.act,
    digest: approval.digest,
    rule: approval.rule,
    reason: approval.reason,
    policy_version: approval.policyVersion,
    created_at: time(approval.createdAt),
    expires_at: time(approval.expiresAt),
    ...(decidedAt === null ? {} : { decided_at: time(decidedAt), decided_by: decidedBy ?? "" }),
    ...(note === null ? {} : { note }),
    ...(answer === null ? {} : { answer }),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

export function findWireApproval(reader: Reader, id: string): WireApproval | undefined {
  const approval = findApprovalById(reader, id);
  return approval === undefined ? undefined : toWireApproval(approval);
}

function one(reader: Reader, id: string): OneApproval {
  const approval = findWireApproval(reader, id);
  if (approval === undefined) throw new GoclawError("APPROVAL_NOT_FOUND", `there is no approval ${id}`);
  return { approval };
}

interface ListParams {
  readonly status?: ApprovalStatus;
  readonly task?: string;
  readonly cursor?: string;
  readonly limit?: number;
}

export const listApproval = defineMethod<
  ListParams,
  { approvals: WireApproval[]; next_cursor: string | null }
>({
  name: "approval.list",
  capability: "acp.read",
  params: paramsOf({
    status: { enum: STATUSES },
    task: { type: "string", pattern: UUID_PATTERN.source },
    cursor: { type: "string", pattern: UUID_PATTERN.source },
    limit: { type: "integer", minimum: 1, maximum: 500 },
  }),
  run: async ({ store }, { status, task, cursor, limit = 50 }) => {
    const filter = { status: status ?? null, taskId: task ?? null, cursor: cursor ?? null, limit: limit + 1 };
    const found = listApprovals(store.reader, filter);
    const page = found.slice(0, limit);
    return {
      approvals: page.map(toWireApproval),
      next_cursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
    };
  },
});

export const getApproval = defineMethod<ById, OneApproval>({
  name: "approval.get",
  capability: "acp.read",
  params: paramsOf({ approval_id: approvalId }, ["approval_id"]),
  run: async ({ store }, { approval_id }) => one(store.reader, approval_id),
});

interface RespondParams extends ById {
  readonly decision?: "approve" | "deny";
  readonly note?: string;
  readonly answer?: string;
}

/** `decision` for an act; `answer` for a question, which may be denied as well. */
export const respondToApproval = defineMethod<RespondParams, OneApproval>({
  name: "approval.respond",
  capability: "admin.approve",
  params: paramsOf(
    {
      approval_id: approvalId,
      decision: { enum: ["approve", "deny"] },
      note: { type: "string", maxLength: 2_000 },
      answer: { type: "string", minLength: 1, maxLength: 20_000 },
    },
    ["approval_id"],
  ),
  run: async ({ store }, { approval_id: id, decision, note, answer }, { principal }) => {
    if (decision === undefined && answer === undefined)
      throw new GoclawError(
        "BAD_REQUEST",
        'approval.respond: send {"decision": "approve"|"deny"} or {"answer": "…"}',
      );
    if (decision === "deny" && answer !== undefined)
      throw new GoclawError("BAD_REQUEST", "approval.respond: a denial has no answer; say why in note");
    const responded = await store.run(respondApproval, {
      id,
      decision: decision ?? "approve",
      by: principal,
      note: note ?? null,
      answer: answer ?? null,
    });
    if (responded.type === "late") {
      const at = new Date(responded.expiredAt).toISOString();
      throw new GoclawError("APPROVAL_EXPIRED", `approval ${id} expired at ${at}; nothing was done`);
    }
    return one(store.reader, id);
  },
});
