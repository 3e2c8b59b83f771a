// The two writes that stand before an act: the intent with its audit "allow", or the refusal with its audit "deny".
// Each is one transaction, so there is no act without a record and no record without its intent.

import { useApproval } from "../journal/approvals.ts";
import { type EffectRef, findOutcome, hasIntent, insertIntent, insertRefusal } from "../journal/effects.ts";
import { noteWritten, type WrittenFiles } from "../journal/file-taint.ts";
import { type AuditRecord, appendAudit } from "../policy/audit.ts";
import { type Fence, heldTask } from "../queue/lease.ts";
import { defineVerb } from "../store/verb.ts";

export interface IntendInput extends Fence {
  readonly effect: EffectRef;
  readonly audit: AuditRecord;
  /** The approval the act uses up; null where nobody had to be asked. */
  readonly approval: { readonly id: string; readonly digest: string } | null;
  /** Files that the act writes. */
  readonly files?: WrittenFiles | null;
}

/**
 * `act`: go on. `lost`: the lease is gone. `used`: the approval is not there to be used any more. `unknown`: a `once` act was intended before and never settled. `settled`: the
 * act was settled since this attempt read the journal, by an attempt that had lost its lease.
 */
export type Intended = "act" | "lost" | "used" | "unknown" | { readonly settled: string };

export const intend = defineVerb("tools.intend", (tx, input: IntendInput): Intended => {
  const task = heldTask(tx, input);
  if (task === undefined) return "lost";
  const { approval } = input;
  // An act that a crash cut off is taken up again under the approval it has used already.
  if (
    approval !== null &&
    !hasIntent(tx, input.effect.key) &&
    !useApproval(tx, task, approval.id, approval.digest)
  ) {
    return "used";
  }
  if (!insertIntent(tx, task, input.effect)) {
    const settled = findOutcome(tx, input.effect.key);
    return settled === undefined ? "unknown" : { settled };
  }
  if (input.files) noteWritten(tx, input.files);
  appendAudit(tx, input.audit);
  return "act";
});

export interface RefuseInput extends Fence {
  readonly effect: EffectRef;
  readonly code: string;
  readonly outcome: string;
  /** Null when the call never reached the policy: an unknown tool, or arguments that do not parse. */
  readonly audit: AuditRecord | null;
}

/** Returns what the model is told, or null when the lease is lost. */
export const refuse = defineVerb("tools.refuse", (tx, input: RefuseInput): string | null => {
  const task = heldTask(tx, input);
  if (task === undefined) return null;
  if (input.audit !== null) appendAudit(tx, input.audit);
  return insertRefusal(tx, task, input.effect, input.code, input.outcome);
});
