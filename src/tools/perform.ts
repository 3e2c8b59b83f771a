// The only caller of a tool, always in this order: schema, policy, intent and audit (committed), act, outcome
// (committed), redact, cut. A refusal is a result that the model sees, never an exception.

import type { Grant } from "../domain/act.ts";
import { messageOf } from "../domain/error.ts";
import type { ToolCall } from "../domain/message.ts";
import type { ClaimedTask } from "../domain/task.ts";
import { type EffectRef, effectKey, settleEffect, sha256 } from "../journal/effects.ts";
import type { AuditRecord } from "../policy/audit.ts";
import type { Guard } from "../policy/guard.ts";
import type { Store } from "../store/store.ts";
import { capabilityOf } from "./index.ts";
import { intend, refuse } from "./intend.ts";
import type { Args, Tool, ToolContext, ToolOutcome } from "./tool.ts";

export interface Hands {
  readonly store: Store;
  readonly guard: Guard;
  /** The tools there are for an agent; what it is offered may be fewer. */
  readonly toolsFor: (agentId: string) => readonly Tool[];
  readonly redact: (text: string) => string;
  readonly ports: Omit<ToolContext, "effectKey" | "signal" | "taskId" | "agentId" | "grant">;
}

export interface CallPlace {
  readonly turn: number;
  readonly callIndex: number;
}

/** `result`: what the model is told. `unknown`: stop and ask. `lost`: the lease is gone, stop. */
export type Performed =
  | { readonly type: "result"; readonly text: string }
  | { readonly type: "unknown"; readonly message: string }
  | { readonly type: "lost" };

export async function perform(
  hands: Hands,
  task: ClaimedTask,
  call: ToolCall,
  place: CallPlace,
  signal: AbortSignal,
): Promise<Performed> {
  const tools = hands.toolsFor(task.agentId);
  const tool = tools.find((candidate) => candidate.name === call.name);
  const effect = effectOf(task.id, call, place, tool);
  const fence = { taskId: task.id, fence: task.fence };
  const refusal = async (code: string, why: string, audit: AuditRecord | null): Promise<Performed> => {
    const outcome = `${code}: ${why}`;
    const held = await hands.store.insist(refuse, { ...fence, effect, code, outcome, audit });
    return held ? { type: "result", text: outcome } : { type: "lost" };
  };

  if (tool === undefined) {
    const names = tools.map(({ name }) => name).join(", ");
    return refusal(
      "TOOL_UNKNOWN",
      `there is no tool ${JSON.stringify(call.name)}; there are: ${names}`,
      null,
    );
  }
  // Loaded at the first call: a start does not pay for the schema compiler.
  const { parseArguments } = await import("./arguments.ts");
  const parsed = parseArguments(tool, call.argumentsText);
  if (!parsed.ok) return refusal("TOOL_ARGUMENTS", parsed.why, null);
  const { decision, record } = decideCall(hands.guard, task, tool, parsed.args);
  if (decision.effect === "deny") return refusal("CAP_DENIED", decision.reason, record);

  const intended = await hands.store.insist(intend, { ...fence, effect, audit: record });
  if (intended === "lost") return { type: "lost" };
  if (typeof intended === "object") return { type: "result", text: intended.settled };
  if (intended === "unknown")
    return { type: "unknown", message: unknownText(tool.name, "the daemon stopped in the middle") };
  return act(hands, task, tool, effect, parsed.args, signal);
}

function decideCall(guard: Guard, task: ClaimedTask, tool: Tool, args: Args): ReturnType<Guard["decide"]> {
  return guard.decide({
    principal: `agent:${task.agentId}`,
    capability: tool.capability ?? capabilityOf(tool.name),
    resource: tool.resource(args),
    traceId: task.traceId,
    taskId: task.id,
    agentId: task.agentId,
  });
}

async function act(
  hands: Hands,
  task: ClaimedTask,
  tool: Tool,
  effect: EffectRef,
  args: Args,
  signal: AbortSignal,
): Promise<Performed> {
  const { id: taskId, agentId } = task;
  const ports = { ...hands.ports, taskId, agentId, grant: grantOf(hands) };
  const outcome = await runTool(tool, args, { ...ports, effectKey: effect.key, signal });
  const text = cut(hands.redact(outcome.text));
  const { key, turn, callIndex } = effect;
  const status = outcome.type === "done" ? "DONE" : outcome.type === "failed" ? "FAILED" : "UNKNOWN";
  const settled = {
    key,
    turn,
    callIndex,
    tool: tool.name,
    status,
    outcome: status === "UNKNOWN" ? null : text,
  } as const;
  const held = await hands.store.insist(settleEffect, { taskId: task.id, fence: task.fence, ...settled });
  if (!held) return { type: "lost" };
  if (status === "UNKNOWN") return { type: "unknown", message: unknownText(tool.name, text) };
  return { type: "result", text };
}

/** Until the policy grants more: the workspace alone. */
function grantOf({ ports }: Hands): Grant {
  const roots = [{ path: ports.workspace, mode: "rw" }] as const;
  return { roots, domains: [], allowLoopback: false, allowUnsandboxedExec: false };
}

async function runTool(tool: Tool, args: Args, context: ToolContext): Promise<ToolOutcome> {
  try {
    return await tool.run(args, context);
  } catch (error) {
    return { type: "failed", text: `TOOL_FAILED: ${messageOf(error)}` };
  }
}

function effectOf(
  taskId: string,
  call: ToolCall,
  { turn, callIndex }: CallPlace,
  tool: Tool | undefined,
): EffectRef {
  return {
    key: effectKey(taskId, turn, callIndex, call.name, call.argumentsText),
    turn,
    callIndex,
    tool: call.name,
    effectClass: tool?.effectClass ?? "pure",
    digest: sha256(call.argumentsText),
  };
}

function unknownText(tool: string, why: string): string {
  return (
    `nobody can tell whether ${tool} took effect (${why}); look, then say ` +
    "goclaw task resolve ID --happened, or --did-not to have it done"
  );
}

const RESULT_CHARS = 32_000;

function cut(text: string): string {
  if (text.length <= RESULT_CHARS) return text;
  return `${text.slice(0, RESULT_CHARS)}\n[cut: ${text.length - RESULT_CHARS} more characters]`;
}
