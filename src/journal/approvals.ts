// Approvals and questions: one row for each thing a person is asked before an act. A row is bound to the digest of the
// act, decided once, before its deadline, and used once, in the transaction of the act's intent.

import { GoclawError } from "../domain/error.ts";
import type { HeldTask } from "../queue/lease.ts";
import type { TaskRef } from "../queue/transition.ts";
import { wakeTask } from "../queue/wake-task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";

export type ApprovalStatus = "PENDING" | "APPROVED" | "DENIED" | "EXPIRED" | "USED";
/** `act`: may this be done? `question`: what is the answer? */
export type ApprovalKind = "act" | "question";

export interface NewApproval {
  readonly id: string;
  readonly effectKey: string;
  readonly kind: ApprovalKind;
  readonly capability: string;
  /** JSON of exactly what will be done, or asked. */
  readonly act: string;
  readonly digest: string;
  /** Which rule of the policy asks, and why. */
  readonly rule: string;
  readonly reason: string;
  readonly policyVersion: string;
  readonly expiresAt: number;
}

export interface FoundApproval {
  readonly id: string;
  readonly status: ApprovalStatus;
  readonly digest: string;
  readonly expiresAt: number;
  readonly decidedBy: string | null;
  readonly note: string | null;
  readonly answer: string | null;
}

const FIND_SQL = `
  SELECT id, status, digest, expires_at AS expiresAt, decided_by AS decidedBy, note, answer
  FROM approvals WHERE effect_key = @effectKey ORDER BY id DESC LIMIT 1`;

/** The latest approval asked for this act. */
export function findApproval(tx: Tx, effectKey: string): FoundApproval | undefined {
  return tx.get<FoundApproval>(FIND_SQL, { effectKey });
}

const PENDING_SQL = `
  SELECT count(*) AS pending FROM approvals WHERE session_id = @sessionId AND status = 'PENDING'`;

export function countPending(tx: Tx, sessionId: string): number {
  return tx.get<{ pending: number }>(PENDING_SQL, { sessionId })?.pending ?? 0;
}

const INSERT_SQL = `
  INSERT INTO approvals (id, task_id, session_id, agent_id, effect_key, kind, capability, status, act, digest, rule,
                         reason, policy_version, created_at, expires_at)
  VALUES (@id, @taskId, @sessionId, @agentId, @effectKey, @kind, @capability, 'PENDING', @act, @digest, @rule,
          @reason, @policyVersion, @now, @expiresAt)`;

export function insertApproval(tx: Tx, task: HeldTask, approval: NewApproval): void {
  const { id: taskId, sessionId, agentId } = task;
  tx.run(INSERT_SQL, { ...approval, taskId, sessionId, agentId, now: tx.nowMs });
  const { id, kind, capability, digest, expiresAt } = approval;
  note(tx, task, "approval.required", null, {
    approval: id,
    kind,
    capability,
    digest,
    expires_at: expiresAt,
  });
}

const EXPIRE_SQL =
  "UPDATE approvals SET status = 'EXPIRED' WHERE id = @id AND status IN ('PENDING', 'APPROVED')";

/** Nobody answered in time, or what was asked for is no longer what would be done. */
export function expireApproval(tx: Tx, task: TaskRef, id: string, code: string): void {
  if (tx.run(EXPIRE_SQL, { id }) === 0) return;
  note(tx, task, "approval.updated", code, { approval: id, status: "EXPIRED" });
}

const USE_SQL =
  "UPDATE approvals SET status = 'USED' WHERE id = @id AND status = 'APPROVED' AND digest = @digest";

/** Single use: true for the one act that takes it. */
export function useApproval(tx: Tx, task: TaskRef, id: string, digest: string): boolean {
  if (tx.run(USE_SQL, { id, digest }) === 0) return false;
  note(tx, task, "approval.updated", null, { approval: id, status: "USED" });
  return true;
}

export interface RespondInput {
  readonly id: string;
  readonly decision: "approve" | "deny";
  readonly by: string;
  readonly note: string | null;
  /** Of a question. */
  readonly answer: string | null;
}

const ASKED_SQL = `
  SELECT approvals.status, approvals.kind, approvals.expires_at AS expiresAt, approvals.decided_by AS decidedBy,
         approvals.act, tasks.state, tasks.reason_code AS reasonCode, tasks.id, tasks.session_id AS sessionId,
         tasks.agent_id AS agentId, tasks.priority, tasks.attempt
  FROM approvals JOIN tasks ON tasks.id = approvals.task_id
  WHERE approvals.id = @id`;

const DECIDE_SQL = `
  UPDATE approvals SET status = @status, decided_at = @now, decided_by = @by, note = @note, answer = @answer
  WHERE id = @id AND status = 'PENDING'`;

type Asked = TaskRef & {
  readonly status: ApprovalStatus;
  readonly kind: ApprovalKind;
  readonly act: string;
  readonly expiresAt: number;
  readonly decidedBy: string | null;
  readonly state: string;
  readonly reasonCode: string | null;
};

/** `late`: the deadline had passed, and from now on no clock can bring it back. */
export type Responded = { readonly type: "decided" } | { readonly type: "late"; readonly expiredAt: number };

/** PENDING → APPROVED or DENIED, once, and the task that waits for it goes on. Throws APPROVAL_* and changes nothing else. */
export const respondApproval = defineVerb(
  "journal.respond_approval",
  (tx, input: RespondInput): Responded => {
    const { id, decision, by } = input;
    const asked = tx.get<Asked>(ASKED_SQL, { id });
    if (asked === undefined) throw new GoclawError("APPROVAL_NOT_FOUND", `there is no approval ${id}`);
    if (asked.status !== "PENDING") {
      const who = asked.decidedBy === null ? "" : ` by ${asked.decidedBy}`;
      throw new GoclawError(
        "APPROVAL_DECIDED",
        `approval ${id} is ${asked.status} already${who}; it cannot be changed`,
      );
    }
    if (tx.nowMs >= asked.expiresAt) {
      expireApproval(tx, asked, id, "APPROVAL_EXPIRED");
      goOn(tx, asked);
      return { type: "late", expiredAt: asked.expiresAt };
    }
    if (decision === "approve" && (asked.kind === "question") !== (input.answer !== null)) {
      const what =
        asked.kind === "question" ? "is a question: send an answer" : "asks for yes or no: send no answer";
      throw new GoclawError("BAD_REQUEST", `approval ${id} ${what}`);
    }
    const { options } = JSON.parse(asked.act) as { options?: readonly string[] };
    if (input.answer !== null && options !== undefined && !options.includes(input.answer)) {
      throw new GoclawError(
        "BAD_REQUEST",
        `approval ${id} has options; answer one of: ${options.join(", ")}`,
      );
    }
    const status = decision === "approve" ? "APPROVED" : "DENIED";
    tx.run(DECIDE_SQL, { id, status, by, note: input.note, answer: input.answer, now: tx.nowMs });
    note(tx, asked, "approval.updated", null, { approval: id, status, by });
    goOn(tx, asked);
    return { type: "decided" };
  },
);

function goOn(tx: Tx, asked: Asked): void {
  const isWaiting = asked.reasonCode === "AWAITING_APPROVAL" || asked.reasonCode === "AWAITING_INPUT";
  if (asked.state === "RETRY_WAIT" && isWaiting) wakeTask(tx, asked, "APPROVAL_ANSWERED");
}

function note(
  tx: Tx,
  { id: taskId, sessionId, agentId, attempt }: TaskRef,
  type: "approval.required" | "approval.updated",
  reasonCode: string | null,
  payload: Readonly<Record<string, unknown>>,
): void {
  tx.append({ taskId, sessionId, agentId, type, from: null, to: null, attempt, reasonCode, payload });
}
