// A task that is one tool call and no model: what an outside client asked for by name. It goes through the same gate and
// the same journal as a call that a model asked for.

import { CODES, type Code } from "../domain/error.ts";
import { type ClaimedTask, type Outcome, TOOL_TASK, type ToolTaskPrompt } from "../domain/task.ts";
import { isInDoubt, loadEffects } from "../journal/effects.ts";
import { findTaskById } from "../store/tasks.ts";
import { pauseOf } from "../tools/pause.ts";
import { type Hands, perform } from "../tools/perform.ts";

export function isToolTask({ kind }: ClaimedTask): boolean {
  return kind === TOOL_TASK;
}

export async function runToolTask(hands: Hands, task: ClaimedTask, signal: AbortSignal): Promise<Outcome> {
  const { reader } = hands.store;
  const { tool, arguments: args } = JSON.parse(
    findTaskById(reader, task.id)?.prompt ?? "{}",
  ) as ToolTaskPrompt;
  const [earlier] = loadEffects(reader, task.id);
  if (earlier?.outcome == null) {
    const call = { id: "call", name: tool, argumentsText: JSON.stringify(args) };
    const performed = await perform(
      hands,
      task,
      call,
      { turn: 0, callIndex: 0, isInDoubt: isInDoubt(earlier) },
      signal,
    );
    if (performed.type !== "result") return pauseOf(performed, hands.now().getTime());
  }
  const [effect] = loadEffects(reader, task.id);
  const text = effect?.outcome ?? "";
  if (effect?.status === "DONE") return { type: "succeeded", result: { text }, lastAnswer: null };
  return { type: "failed", code: codeIn(text), message: text };
}

/** Refusals and failures begin with their code. */
function codeIn(text: string): Code {
  const word = /^([A-Z_]+): /.exec(text)?.[1] ?? "";
  return Object.hasOwn(CODES, word) ? (word as Code) : "TOOL_FAILED";
}
