// Reads the audit chain in pages, oldest or newest first. The one place that knows its columns beside audit.ts.

import type { AuditLine } from "../domain/control.ts";
import type { Reader } from "../store/reader.ts";
import type { AuditRecord } from "./audit.ts";

export interface AuditRow extends AuditRecord {
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly hash: string;
}

const COLUMNS = `
  seq, at, trace_id AS traceId, task_id AS taskId, agent_id AS agentId, principal, capability, resource, decision,
  rule, policy_version AS policyVersion, code, request, hash`;

const AFTER_SQL = `SELECT ${COLUMNS} FROM audit WHERE seq > @after ORDER BY seq LIMIT @limit`;

export function auditAfter(reader: Reader, after: number, limit: number): AuditRow[] {
  return reader.all<AuditRow>(AFTER_SQL, { after, limit });
}

const NEWEST_SQL = `SELECT ${COLUMNS} FROM audit WHERE seq > @after ORDER BY seq DESC LIMIT @limit`;
const NEWEST_OF_TASK_SQL = `SELECT ${COLUMNS} FROM audit WHERE task_id = @taskId ORDER BY seq DESC LIMIT @limit`;

const BEGIN_SQL =
  "SELECT min(task_id) AS first, max(task_id) AS last FROM audit WHERE task_id BETWEEN @start AND @end";

/** The first and the last of the tasks with records whose ids begin so; null when there is none. */
export function auditedTasks(
  reader: Reader,
  start: string,
): { readonly first: string; readonly last: string } | null {
  const row = reader.all<{ first: string | null; last: string | null }>(BEGIN_SQL, {
    start,
    end: `${start}~`,
  })[0];
  return row === undefined || row.first === null || row.last === null
    ? null
    : { first: row.first, last: row.last };
}

/** The newest ones, oldest of them first. */
export function auditTail(reader: Reader, taskId: string | null, limit: number): AuditRow[] {
  const rows =
    taskId === null
      ? reader.all<AuditRow>(NEWEST_SQL, { after: 0, limit })
      : reader.all<AuditRow>(NEWEST_OF_TASK_SQL, { taskId, limit });
  return rows.reverse();
}

const SINCE_SQL = `SELECT ${COLUMNS} FROM audit WHERE at >= @since AND seq > @after ORDER BY seq LIMIT @limit`;

const PAGE = 1_000;

/** Before every time and every number, also one that was forged. */
export const EVER = Number.MIN_SAFE_INTEGER;

/** Everything from `since` (epoch ms) on, page by page. */
export function* auditSince(reader: Reader, since: number): Generator<AuditRow> {
  for (let after = EVER; ; ) {
    const page = reader.all<AuditRow>(SINCE_SQL, { since, after, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.seq ?? after;
  }
}

/** The record as logs/audit.jsonl and `audit tail --json` have it. */
export function toWireAudit(row: AuditRow): AuditLine {
  return {
    seq: row.seq,
    at: new Date(row.at).toISOString(),
    trace_id: row.traceId,
    task_id: row.taskId,
    agent_id: row.agentId,
    principal: row.principal,
    capability: row.capability,
    resource: row.resource,
    decision: row.decision,
    rule: row.rule,
    policy_version: row.policyVersion,
    code: row.code,
    request: row.request,
    hash: row.hash,
  };
}
