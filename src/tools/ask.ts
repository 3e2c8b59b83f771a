// Asking a person before an act: one transaction finds out how the asking stands, and asks when nobody was asked yet. The
// task then waits without a lane, and comes back here with the answer.

import {
  type ApprovalKind,
  countPending,
  expireApproval,
  findApproval,
  insertApproval,
  type NewApproval,
} from "../journal/approvals.ts";
import { type AuditRecord, appendAudit } from "../policy/audit.ts";
import { type Fence, heldTask } from "../queue/lease.ts";
import { defineVerb } from "../store/verb.ts";

export interface AskInput extends Fence {
  readonly approval: NewApproval;
  /** The decision "ask", for the first time it is asked. */
  readonly audit: AuditRecord;
}

/** `wait`: for the answer. `yes`: the act may use this approval. `no`: the model is told why. */
export type AskedFor =
  | { readonly type: "lost" }
  | { readonly type: "wait"; readonly id: string; readonly expiresAt: number }
  | { readonly type: "yes"; readonly id: string; readonly by: string; readonly answer: string | null }
  | { readonly type: "no"; readonly code: NoCode; readonly rule: string; readonly why: string };

export type NoCode = "APPROVAL_DENIED" | "APPROVAL_EXPIRED" | "APPROVAL_MISMATCH" | "LIMIT_RATE";

const PENDING_MAX = 5;

export const askFor = defineVerb("tools.ask_for", (tx, { approval, audit, ...fence }: AskInput): AskedFor => {
  const task = heldTask(tx, fence);
  if (task === undefined) return { type: "lost" };
  const found = findApproval(tx, approval.effectKey);
  if (found === undefined) {
    if (countPending(tx, task.sessionId) >= PENDING_MAX) {
      const why = `${PENDING_MAX} approvals of this session wait already; wait for an answer before asking for more`;
      return { type: "no", code: "LIMIT_RATE", rule: "built in: pending approvals", why };
    }
    insertApproval(tx, task, approval);
    appendAudit(tx, audit);
    return { type: "wait", id: approval.id, expiresAt: approval.expiresAt };
  }
  const { id, status, decidedBy } = found;
  const rule = `approval ${id}`;
  const same = found.digest === approval.digest;
  switch (status) {
    case "PENDING":
      if (tx.nowMs >= found.expiresAt) {
        expireApproval(tx, task, id, "APPROVAL_EXPIRED");
        return { type: "no", code: "APPROVAL_EXPIRED", rule, why: lateText(approval.kind) };
      }
      if (same) return { type: "wait", id, expiresAt: found.expiresAt };
      expireApproval(tx, task, id, "APPROVAL_MISMATCH");
      insertApproval(tx, task, approval);
      appendAudit(tx, audit);
      return { type: "wait", id: approval.id, expiresAt: approval.expiresAt };
    case "USED": // by this very act, before a crash: what it did until then may be why it looks different
      return { type: "yes", id, by: decidedBy ?? "", answer: found.answer };
    case "APPROVED":
      if (same) return { type: "yes", id, by: decidedBy ?? "", answer: found.answer };
      expireApproval(tx, task, id, "APPROVAL_MISMATCH");
      return { type: "no", code: "APPROVAL_MISMATCH", rule, why: MISMATCH_TEXT };
    case "DENIED": {
      const said = found.note === null ? "" : `: ${found.note}`;
      return { type: "no", code: "APPROVAL_DENIED", rule, why: `${decidedBy} denied it${said}` };
    }
    case "EXPIRED":
      return { type: "no", code: "APPROVAL_EXPIRED", rule, why: lateText(approval.kind) };
  }
});

export interface WithdrawInput extends Fence {
  readonly effectKey: string;
}

/** What was asked for cannot be done any more: no answer to it counts. Returns its id; null when nobody was asked. */
export const withdrawAsking = defineVerb(
  "tools.withdraw_asking",
  (tx, { effectKey, ...fence }: WithdrawInput): string | null => {
    const task = heldTask(tx, fence);
    const found = findApproval(tx, effectKey);
    if (task === undefined || found === undefined) return null;
    if (found.status !== "PENDING" && found.status !== "APPROVED") return null;
    expireApproval(tx, task, found.id, "APPROVAL_MISMATCH");
    return found.id;
  },
);

const MISMATCH_TEXT =
  "what was approved is not what would be done now (a file, the working directory, the program or the policy has changed since)";

function lateText(kind: ApprovalKind): string {
  return kind === "act" ? "nobody approved it in time; it was not done" : "nobody answered in time";
}
