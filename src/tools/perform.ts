// The only caller of a tool, always in this order: schema, policy, person, intent and audit (committed), act, outcome
// (committed), redact, cut. A refusal is a result that the model sees, never an exception.

import type { Label } from "../domain/act.ts";
import { type Code, GoclawError, messageOf } from "../domain/error.ts";
import type { ToolCall } from "../domain/message.ts";
import type { ClaimedTask } from "../domain/task.ts";
import { doubtEffect, type EffectRef, effectKey, settleEffect, sha256 } from "../journal/effects.ts";
import type { AuditRecord } from "../policy/audit.ts";
import { readFrom, writtenBy } from "./file-taint.ts";
import { decideCall, type GatePorts, passGate, type Wanted } from "./gate.ts";
import { intend, refuse } from "./intend.ts";
import { type Args, RESULT_CHARS, type Tool, type ToolContext, type ToolOutcome } from "./tool.ts";

export interface Hands extends GatePorts {
  /** The tools there are for an agent; what it is offered may be fewer. */
  readonly toolsFor: (agentId: string) => readonly Tool[];
  readonly ports: Omit<
    ToolContext,
    "effectKey" | "signal" | "taskId" | "agentId" | "grant" | "answer" | "now" | "redact"
  >;
}

export interface CallPlace {
  readonly turn: number;
  readonly callIndex: number;
  /** The journal of an earlier attempt has it as begun and never settled, and it must not be made twice. */
  readonly isInDoubt?: boolean;
}

/** `result`: what the model is told. `unknown`: stop and ask. `wait`: for a person or a child. `lost`: the lease is gone, stop. */
export type Performed =
  | { readonly type: "result"; readonly text: string }
  | { readonly type: "unknown"; readonly message: string }
  | {
      readonly type: "wait";
      readonly kind: "act" | "question" | "child";
      readonly deadlineAt: number;
      readonly message: string;
      readonly childId?: string;
    }
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
  let effect = effectOf(task.id, call, place, tool);
  // What may have happened is never refused: a refusal would say that it did not.
  const refusal = (code: Code, why: string, audit: AuditRecord | null): Promise<Performed> =>
    place.isInDoubt === true ? doubt(hands, task, effect) : refuseCall(hands, task, effect, code, why, audit);
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
  const { args } = parsed;
  if (tool.effectClassOf !== undefined) effect = { ...effect, effectClass: tool.effectClassOf(args) };
  const { id: taskId, agentId } = task;
  const decided = decideCall(hands, task, tool, args);
  const { grant, taint } = decided;
  const context: ToolContext = {
    ...hands.ports,
    ...{ now: hands.now, redact: hands.redact, effectKey: effect.key, taskId, agentId, grant },
    ...{ answer: null, signal },
  };
  const wanted: Wanted = { task, tool, args, effect, decided, context };
  if (tool.resume !== undefined && task.fence > 1) {
    const outcome = await tool.resume(args, context);
    if (outcome !== undefined) return conclude(hands, wanted, outcome);
  }
  // Before policy and person: neither can say whether it happened.
  if (place.isInDoubt === true) return doubt(hands, task, effect);
  const passed = await passGate(hands, wanted);
  if (passed.type === "lost" || passed.type === "wait") return passed;
  if (passed.type === "refuse") return refusal(passed.code, passed.why, passed.record);

  const { record: audit, approval } = passed;
  const files = writtenBy(tool, args, grant, taint);
  const intended = await hands.store.insist(intend, {
    ...{ taskId, fence: task.fence, effect, audit, approval, files },
  });
  if (intended === "lost") return { type: "lost" };
  if (intended === "used")
    return refusal("APPROVAL_DECIDED", "the approval was used already", { ...audit, decision: "deny" });
  if (typeof intended === "object") return { type: "result", text: intended.settled };
  if (intended === "unknown") return inDoubt(effect);
  // A cancel that was committed with the intent is known by now.
  const outcome = signal.aborted
    ? NOT_BEGUN
    : await runTool(tool, args, { ...context, answer: approval?.answer ?? null });
  // It failed because it was stopped: what may be made again is left open for the attempt that goes on.
  if (signal.aborted && outcome.type === "failed" && effect.effectClass !== "once") return { type: "lost" };
  return conclude(hands, wanted, outcome);
}

const NOT_BEGUN: ToolOutcome = { type: "failed", text: "it was stopped before it began; nothing was done" };

async function doubt({ store }: Hands, { id, fence }: ClaimedTask, effect: EffectRef): Promise<Performed> {
  const held = await store.insist(doubtEffect, { taskId: id, fence, key: effect.key });
  return held ? inDoubt(effect) : { type: "lost" };
}

function inDoubt({ tool }: EffectRef): Performed {
  return { type: "unknown", message: unknownText(tool, "the daemon stopped in the middle") };
}

async function refuseCall(
  { store }: Hands,
  task: ClaimedTask,
  effect: EffectRef,
  code: Code,
  why: string,
  audit: AuditRecord | null,
): Promise<Performed> {
  const fence = { taskId: task.id, fence: task.fence };
  const told = await store.insist(refuse, { ...fence, effect, code, outcome: `${code}: ${why}`, audit });
  return told === null ? { type: "lost" } : { type: "result", text: told };
}

/** Journals what became of an act; one that waits for its outcome stays open. */
async function conclude(
  hands: Hands,
  { task, tool, args, effect, decided: { grant } }: Wanted,
  outcome: ToolOutcome,
): Promise<Performed> {
  if (outcome.type === "wait") {
    const { childId, deadlineAt, text: message } = outcome;
    return { type: "wait", kind: "child", childId, deadlineAt, message };
  }
  const text = cut(hands.redact(outcome.text));
  const { key, turn, callIndex } = effect;
  const status =
    outcome.type === "done"
      ? ("DONE" as const)
      : outcome.type === "failed"
        ? ("FAILED" as const)
        : ("UNKNOWN" as const);
  const read = readFrom(hands.store.reader, tool, args, grant, outcome.text);
  const labels = new Set<Label>([
    ...(tool.yields ?? []),
    ...("labels" in outcome ? (outcome.labels ?? []) : []),
    ...(read === null ? [] : (["outside", "untrusted"] as const)),
  ]);
  const settled = {
    ...{ key, turn, callIndex, tool: tool.name, status, labels: [...labels].join(" ") },
    source: [sourceOf(tool, args), read ?? ""].filter((source) => source !== "").join(" "),
    outcome: status === "UNKNOWN" ? null : text,
  } as const;
  const held = await hands.store.insist(settleEffect, { taskId: task.id, fence: task.fence, ...settled });
  if (!held) return { type: "lost" };
  if (status === "UNKNOWN") return { type: "unknown", message: unknownText(tool.name, text) };
  return { type: "result", text };
}

async function runTool(tool: Tool, args: Args, context: ToolContext): Promise<ToolOutcome> {
  try {
    return await tool.run(args, context);
  } catch (error) {
    const code = error instanceof GoclawError ? error.code : "TOOL_FAILED";
    return { type: "failed", text: `${code}: ${messageOf(error)}` };
  }
}

/** The hosts and MCP tools that text from outside comes from; the tool itself where it touches neither. */
function sourceOf(tool: Tool, args: Args): string {
  if (tool.yields?.includes("outside") !== true) return "";
  const names = (tool.touches?.(args) ?? []).flatMap(({ url, mcp }) => [
    ...(url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : []),
    ...(mcp === undefined ? [] : [`mcp ${mcp.server}/${mcp.tool}`]),
  ]);
  return names.length === 0 ? tool.name : names.join(" ");
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

function cut(text: string): string {
  if (text.length <= RESULT_CHARS) return text;
  return `${text.slice(0, RESULT_CHARS)}\n[cut: ${text.length - RESULT_CHARS} more characters, which are not kept; ask again for less, or for a part]`;
}
