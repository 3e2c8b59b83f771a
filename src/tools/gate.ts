// What stands between a model's call and the act: the policy's decision, and a person where the policy or the tool asks
// for one. An approval covers the digest of the exact act, which is taken again right before it.

import type { Taint } from "../domain/act.ts";
import { type Code, GoclawError } from "../domain/error.ts";
import type { ClaimedTask } from "../domain/task.ts";
import type { ApprovalKind, NewApproval } from "../journal/approvals.ts";
import { type EffectRef, loadTaint, sha256 } from "../journal/effects.ts";
import type { AuditRecord } from "../policy/audit.ts";
import type { DecidedAct, Guard } from "../policy/guard.ts";
import { canonical } from "../policy/policy.ts";
import { probePaths } from "../policy/probe.ts";
import { findDelegators } from "../store/family.ts";
import type { Store } from "../store/store.ts";
import { askFor, withdrawAsking } from "./ask.ts";
import { capabilityOf } from "./index.ts";
import { unshowable } from "./showable.ts";
import type { Args, Tool, ToolContext } from "./tool.ts";

export interface GatePorts {
  readonly store: Store;
  readonly guard: Guard;
  readonly newId: () => string;
  readonly now: () => Date;
  /** Takes secrets out of a text before it is stored. */
  readonly redact: (text: string) => string;
  /** How long a person has to answer. */
  readonly approvalMs: number;
}

export interface Wanted {
  readonly task: ClaimedTask;
  readonly tool: Tool;
  readonly args: Args;
  readonly effect: EffectRef;
  readonly decided: DecidedAct;
  readonly context: ToolContext;
}

/** `go`: with the record to commit. `wait`: for a person. `refuse`: the model is told. */
export type Passed =
  | { readonly type: "go"; readonly record: AuditRecord; readonly approval: Approval | null }
  | {
      readonly type: "wait";
      readonly kind: ApprovalKind;
      readonly deadlineAt: number;
      readonly message: string;
    }
  | { readonly type: "refuse"; readonly code: Code; readonly why: string; readonly record: AuditRecord }
  | { readonly type: "lost" };

export interface Approval {
  readonly id: string;
  readonly digest: string;
  /** What a person answered to a question. */
  readonly answer: string | null;
}

/** What was decided, and what the session holds by then. */
export interface DecidedCall extends DecidedAct {
  readonly taint: Taint;
}

export function decideCall(
  { store, guard, redact }: GatePorts,
  task: ClaimedTask,
  tool: Tool,
  args: Args,
): DecidedCall {
  const isOutgoing = tool.isOutgoing === true;
  const taint = loadTaint(store.reader, task.id);
  const decided = guard.decideAct({
    principal: `agent:${task.agentId}`,
    capability: tool.capability ?? capabilityOf(tool.name),
    resource: tool.resource(args, task.agentId),
    traceId: task.traceId,
    taskId: task.id,
    agentId: task.agentId,
    touches: tool.touches?.(args) ?? [],
    ...taint,
    isOutgoing,
    onBehalfOf: findDelegators(store.reader, task.id),
    pinnedVersion: task.policyVersion,
  });
  const { resource, request } = decided.record;
  const clean = (text: string | null): string | null => (text === null ? null : redact(text));
  return {
    ...decided,
    taint,
    record: { ...decided.record, resource: clean(resource), request: clean(request) },
  };
}

export async function passGate(ports: GatePorts, wanted: Wanted): Promise<Passed> {
  const { decision, record } = wanted.decided;
  const { task } = wanted;
  const fence = { taskId: task.id, fence: task.fence };
  const refuse = (code: Code, why: string, rule = record.rule): Passed => ({
    type: "refuse",
    code,
    why,
    record: { ...record, decision: "deny", rule, code },
  });
  /** It cannot be done as things are: nobody is asked, and if somebody said yes, it was to something else. */
  const stop = async (code: Code, why: string, rule = record.rule): Promise<Passed> => {
    const id = await ports.store.insist(withdrawAsking, { ...fence, effectKey: wanted.effect.key });
    if (id === null) return refuse(code, why, rule);
    return refuse("APPROVAL_MISMATCH", `it cannot be done any more: ${code}: ${why}`, `approval ${id}`);
  };
  if (decision.effect === "deny") return refuse(decision.code ?? "CAP_DENIED", decision.reason);
  // Once more while it acts: this look is for the audit, that one holds what it finds.
  const closed = probePaths(wanted.decided.grant.roots, wanted.tool.touches?.(wanted.args) ?? []);
  if (closed !== null) return stop(closed.code, closed.why, `path guard: ${closed.code}`);
  const question = wanted.tool.asks?.(wanted.args);
  if (decision.effect === "allow" && question === undefined) return { type: "go", record, approval: null };

  const kind: ApprovalKind = decision.effect === "ask" ? "act" : "question";
  let act: Readonly<Record<string, unknown>>;
  try {
    act = question ?? (await exactActOf(wanted));
  } catch (error) {
    if (error instanceof GoclawError) return stop(error.code, error.message);
    throw error;
  }
  const hidden = kind === "act" ? unshowable(act, wanted.tool.touches?.(wanted.args) ?? []) : undefined;
  if (hidden !== undefined) return refuse("APPROVAL_UNSHOWABLE", hidden);
  const approval = newApproval(ports, wanted, kind, act);
  const audit = { ...record, decision: "ask" as const, code: kind === "act" ? record.code : null };
  const asked = await ports.store.insist(askFor, { ...fence, approval, audit });
  switch (asked.type) {
    case "lost":
      return asked;
    case "wait":
      return {
        type: "wait",
        kind,
        deadlineAt: asked.expiresAt,
        message: waitText(kind, asked.id, wanted.tool.name),
      };
    case "no":
      return refuse(asked.code, asked.why, asked.rule);
    case "yes": {
      const { id, by, answer } = asked;
      const rule = kind === "act" ? `approval ${id} by ${by} (${record.rule})` : record.rule;
      const yes: AuditRecord = { ...record, decision: "allow", code: null, rule };
      return { type: "go", record: yes, approval: { id, digest: approval.digest, answer } };
    }
  }
}

async function exactActOf({ tool, args, context }: Wanted): Promise<Readonly<Record<string, unknown>>> {
  return { tool: tool.name, ...(await (tool.exactAct?.(args, context) ?? { arguments: args })) };
}

function newApproval(
  { newId, now, approvalMs, redact }: GatePorts,
  { task, effect, decided }: Wanted,
  kind: ApprovalKind,
  act: Readonly<Record<string, unknown>>,
): NewApproval {
  const { capability, policyVersion, rule } = decided.record;
  const bound = {
    v: 1,
    task: task.id,
    agent: task.agentId,
    effect: effect.key,
    capability,
    policyVersion,
    act,
  };
  return {
    id: newId(),
    effectKey: effect.key,
    kind,
    capability,
    act: redact(canonical(act)),
    digest: sha256(canonical(bound)),
    rule,
    reason: decided.decision.reason,
    policyVersion,
    expiresAt: now().getTime() + approvalMs,
  };
}

function waitText(kind: ApprovalKind, id: string, tool: string): string {
  return kind === "act"
    ? `${tool} waits for a person; goclaw approvals show ${id}, then approve or deny`
    : `the agent asks something; goclaw approvals answer ${id} "…"`;
}
