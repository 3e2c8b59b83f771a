// Read models of approvals. Lists page by id, which sorts by creation time.

import type { Reader } from "../store/reader.ts";
import type { ApprovalKind, ApprovalStatus } from "./approvals.ts";

export interface Approval {
  readonly id: string;
  readonly taskId: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly kind: ApprovalKind;
  readonly capability: string;
  readonly status: ApprovalStatus;
  /** What will be done, or asked. */
  readonly act: Readonly<Record<string, unknown>>;
  readonly digest: string;
  readonly rule: string;
  readonly reason: string;
  readonly policyVersion: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedAt: number | null;
  readonly decidedBy: string | null;
  readonly note: string | null;
  readonly answer: string | null;
}

const COLUMNS = `
  id, task_id AS taskId, session_id AS sessionId, agent_id AS agentId, kind, capability, status, act, digest, rule,
  reason, policy_version AS policyVersion, created_at AS createdAt, expires_at AS expiresAt,
  decided_at AS decidedAt, decided_by AS decidedBy, note, answer`;

const GET_SQL = `SELECT ${COLUMNS} FROM approvals WHERE id = @id`;

const LIST_SQL = `
  SELECT ${COLUMNS} FROM approvals
  WHERE id < @cursor AND (@status IS NULL OR status = @status) AND (@taskId IS NULL OR task_id = @taskId)
  ORDER BY id DESC LIMIT @limit`;

type Row = Omit<Approval, "act"> & { readonly act: string };

export function findApprovalById(reader: Reader, id: string): Approval | undefined {
  const row = reader.get<Row>(GET_SQL, { id });
  return row === undefined ? undefined : toApproval(row);
}

export interface ApprovalFilter {
  readonly status: ApprovalStatus | null;
  readonly taskId: string | null;
  /** Ids before this one; null starts at the newest. */
  readonly cursor: string | null;
  readonly limit: number;
}

/** Newest first. */
export function listApprovals(reader: Reader, filter: ApprovalFilter): Approval[] {
  return reader.all<Row>(LIST_SQL, { ...filter, cursor: filter.cursor ?? "~" }).map(toApproval);
}

const WAITING_SQL = "SELECT count(*) AS waiting FROM approvals WHERE status = 'PENDING'";

/** How many acts and questions wait for a person. */
export function countWaiting(reader: Reader): number {
  return reader.get<{ waiting: number }>(WAITING_SQL)?.waiting ?? 0;
}

function toApproval(row: Row): Approval {
  return { ...row, act: JSON.parse(row.act) as Record<string, unknown> };
}
