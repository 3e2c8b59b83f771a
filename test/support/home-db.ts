// The evidence of a home as an operator may read it: the views of goclaw.db, through a read-only connection, while the
// daemon runs or after it died.

import { join } from "node:path";
import Database from "better-sqlite3";
import type { TaskState } from "../../src/domain/task.ts";

export interface TaskRow {
  readonly id: string;
  readonly session_id: string;
  readonly agent_id: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly max_attempts: number;
  readonly reason_code: string | null;
  readonly idempotency_key: string | null;
}

export interface EventRow {
  readonly seq: number;
  readonly task_id: string;
  readonly type: string;
  readonly state_from: TaskState | null;
  readonly state_to: TaskState | null;
  readonly attempt: number;
  readonly reason_code: string | null;
  readonly at: number;
}

export interface EffectRow {
  readonly key: string;
  readonly class: string;
  readonly tool: string;
  readonly status: string;
  readonly task_id: string;
  readonly attempt: number;
}

export interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly task_id: string | null;
  readonly principal: string;
  readonly capability: string;
  readonly decision: string;
  readonly rule: string | null;
  readonly code: string | null;
  /** The labels of what the session held, separated by spaces. */
  readonly taint: string;
  readonly hash: string;
}

export interface ApprovalRow {
  readonly id: string;
  readonly task_id: string;
  readonly status: string;
}

export interface HomeDb {
  tasks(): readonly TaskRow[];
  task(id: string): TaskRow | undefined;
  events(taskId?: string): readonly EventRow[];
  effects(taskId?: string): readonly EffectRow[];
  audit(taskId?: string): readonly AuditRow[];
  approvals(taskId?: string): readonly ApprovalRow[];
  /** Tasks that neither ended nor wait for an operator. */
  unsettled(): number;
  /** What `PRAGMA integrity_check` and `foreign_key_check` complain about; empty when sound. */
  damage(): readonly string[];
  close(): void;
}

export function openHomeDb(home: string): HomeDb {
  const db = new Database(join(home, "goclaw.db"), { readonly: true, fileMustExist: true, timeout: 5000 });
  const rows = <T>(sql: string, taskId?: string): readonly T[] =>
    (taskId === undefined
      ? db.prepare(sql).all()
      : db.prepare(sql.replace("ORDER BY", "WHERE task_id = ? ORDER BY")).all(taskId)) as T[];
  return {
    tasks: () => rows("SELECT * FROM v_tasks ORDER BY created_at, id"),
    task: (id) => db.prepare("SELECT * FROM v_tasks WHERE id = ?").get(id) as TaskRow | undefined,
    events: (taskId) => rows("SELECT * FROM v_events ORDER BY seq", taskId),
    effects: (taskId) => rows("SELECT * FROM v_effects ORDER BY key", taskId),
    audit: (taskId) => rows("SELECT * FROM v_audit ORDER BY seq", taskId),
    approvals: (taskId) => rows("SELECT * FROM v_approvals ORDER BY id", taskId),
    unsettled: () =>
      db
        .prepare(
          `SELECT count(*) FROM v_tasks
           WHERE state IN ('QUEUED', 'CLAIMED', 'RUNNING', 'RETRY_WAIT')
             AND coalesce(reason_code, '') <> 'EFFECT_UNKNOWN'`,
        )
        .pluck()
        .get() as number,
    damage: () => [
      ...(db.pragma("integrity_check") as { integrity_check: string }[])
        .map((row) => row.integrity_check)
        .filter((line) => line !== "ok"),
      ...(db.pragma("foreign_key_check") as object[]).map((row) => `foreign key: ${JSON.stringify(row)}`),
    ],
    close: () => db.close(),
  };
}
