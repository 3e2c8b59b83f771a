// The turn loop: ask the model, journal its answer, perform its tool calls, ask again, until it answers without one.
// Everything the journal already has is taken from there: no answer is bought twice, no act is made twice.

import { type Agent, maySee } from "../domain/agent.ts";
import type { Answer, Message, ToolSpec } from "../domain/message.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { loadAnswers, type PricedAnswer, recordAnswer, resultText } from "../journal/answers.ts";
import { type Effect, isInDoubt, loadEffects } from "../journal/effects.ts";
import type { ModelRequest, Provider } from "../providers/provider.ts";
import { capabilityOf } from "../tools/index.ts";
import { pauseOf } from "../tools/pause.ts";
import { type Hands, type Performed, perform } from "../tools/perform.ts";
import { atLimit, type Purse } from "./budget.ts";
import { buy } from "./buy.ts";
import type { Hearing } from "./call.ts";
import { runCompaction } from "./compact-session.ts";
import { type ContextPorts, prepareContext, turnMessages } from "./context.ts";
import { createCounting } from "./counting.ts";
import { outcomeOf } from "./outcome.ts";
import { createSeamNote } from "./seam-note.ts";
import { judge, soulFor, type Verdict } from "./structured.ts";

export interface TurnInput {
  readonly task: ClaimedTask;
  readonly agent: Agent;
  readonly provider: Provider;
  readonly model: string;
  readonly hands: Hands;
  readonly purse: Purse;
  readonly signal: AbortSignal;
  readonly onText: (turn: number, offset: number, text: string) => void;
}

/** Runs the task from where its journal ends to an outcome. */
export async function runTurns(input: TurnInput): Promise<Outcome> {
  const { task, agent, hands, signal } = input;
  const { reader } = hands.store;
  const context = contextOf(input);
  const turns: Message[] = [];
  const isFirst = task.fence === 1; // never claimed before: the journal has nothing of it
  const answers = isFirst ? [] : loadAnswers(reader, task.id);
  const effects = isFirst ? [] : loadEffects(reader, task.id);
  let retries = 0; // for an answer that does not fit; they are bounded on their own
  for (let turn = 0; turn < agent.maxTurns + retries; turn++) {
    if (signal.aborted) return { type: "lost" };
    let answer = answers[turn];
    let bought: PricedAnswer | null = null;
    if (answer === undefined) {
      const asked = await ask(input, context, turn, turns);
      if ("outcome" in asked) return asked.outcome;
      bought = asked;
      answer = asked.answer;
      answers.push(answer);
    }
    const verdict = answer.toolCalls.length > 0 ? null : await judgeEnd(task, answers, answer, retries);
    // Nothing is acted on after a result, so its answer is committed together with the task's end.
    if (verdict?.type === "result") return { type: "succeeded", result: verdict.result, lastAnswer: bought };
    if (bought !== null) {
      const recorded = { taskId: task.id, fence: task.fence, ...bought };
      const held = await hands.store.insist(recordAnswer, recorded);
      if (!held) return { type: "lost" };
    }
    if (verdict?.type === "failed") return verdict;
    if (verdict !== null) {
      turns.push(...verdict.messages);
      retries++;
      continue;
    }
    const worked = await work(input, turn, answer, effects);
    if ("outcome" in worked) return worked.outcome;
    turns.push(...turnMessages(answer, worked.results));
  }
  const message = `agent ${agent.id} used its ${agent.maxTurns} turns without a final answer; raise max_turns if it needs more`;
  return { type: "failed", code: "TURN_LIMIT", message };
}

/** What an answer without tool calls means: prose always ends the task, data has to fit its schema. */
async function judgeEnd(
  { output }: ClaimedTask,
  answers: readonly Answer[],
  last: Answer,
  retries: number,
): Promise<Verdict> {
  if (output !== null) return await judge(output, last, retries);
  return { type: "result", result: { text: resultText(answers) } };
}

/** A task of the kind `compact`: everything the session has said becomes a summary, and that is the result. */
export async function runCompact(input: TurnInput): Promise<Outcome> {
  return runCompaction(contextOf(input), input.agent.contextLimit);
}

function contextOf({ task, agent, provider, model, hands, purse, signal }: TurnInput): ContextPorts {
  const links = [{ provider: agent.provider, model }, ...(provider.fallbacks ?? [])] as const;
  const own = { ...agent, soul: soulFor(agent.soul, task.output) };
  const tools = offeredTools(agent, hands);
  const counting = createCounting(provider, signal);
  return { task, agent: own, provider, links, tools, store: hands.store, purse, signal, counting };
}

/** Buys one answer within the budget; it is not journaled yet. */
async function ask(
  input: TurnInput,
  context: ContextPorts,
  turn: number,
  turns: readonly Message[],
): Promise<PricedAnswer | { outcome: Outcome }> {
  const { task, model } = input;
  const { tools, purse } = context;
  const prepared = await prepareContext(context, turn, turns);
  if ("outcome" in prepared) return prepared;
  const { messages, shown } = prepared;
  const plain = { model, messages, tools, sampling: task.sampling };
  const request = task.output === null ? plain : { ...plain, output: task.output };
  const bought = await buy(context, turn, request, hearing(input, turn), plainer(request));
  if ("failure" in bought) return { outcome: outcomeOf(bought.failure, atLimit(purse, task)) };
  return "outcome" in bought ? bought : { turn, ...bought, shown };
}

/**
 * What is asked instead of a request that a vendor refuses. Signed reasoning goes first: it may be bound to words before
 * it that were summarised since. Vendors take only some schemas as their own mode, and the answer is held against the
 * schema in any case.
 */
function plainer({ output, ...plain }: ModelRequest): ModelRequest[] {
  const messages = plain.messages.map(withoutReasoning);
  const isBare = messages.every((message, index) => message === plain.messages[index]);
  const bare = { ...plain, messages };
  return [
    ...(isBare ? [] : [{ ...bare, ...(output && { output }) }]),
    ...(output === undefined ? [] : [bare]),
  ];
}

function withoutReasoning(message: Message): Message {
  if (message.role !== "assistant" || message.continuation === undefined) return message;
  const { continuation: _signed, ...said } = message;
  return said;
}

/** What is done with the parts of an answer that others want to see before it is whole. */
function hearing({ task, hands, onText }: TurnInput, turn: number): Hearing {
  return {
    // Of data only what was checked is shown, and that is not before the end.
    onText: (text, offset) => task.output === null && onText(turn, offset, text),
    onSeam: createSeamNote(hands.store, task, turn, hands.redact),
  };
}

async function work(
  { task, agent, hands: all, signal }: TurnInput,
  turn: number,
  answer: Answer,
  effects: readonly Effect[],
): Promise<{ results: string[] } | { outcome: Outcome }> {
  // What an agent is not offered it cannot call either, by guessing the name.
  const toolsFor: Hands["toolsFor"] = (id) => all.toolsFor(id).filter(({ name }) => maySee(agent, name));
  const hands = { ...all, toolsFor };
  const results: string[] = [];
  for (const [callIndex, call] of answer.toolCalls.entries()) {
    if (signal.aborted) return { outcome: { type: "lost" } };
    const earlier = effects.find((effect) => effect.turn === turn && effect.callIndex === callIndex);
    const performed: Performed =
      earlier?.outcome == null
        ? await perform(hands, task, call, { turn, callIndex, isInDoubt: isInDoubt(earlier) }, signal)
        : { type: "result", text: earlier.outcome };
    if (performed.type !== "result") return { outcome: pauseOf(performed, hands.now().getTime()) };
    results.push(performed.text);
  }
  return { results };
}

/** Not a tool that the policy always denies: it would cost words in every prompt, and be refused. */
export function offeredTools(
  agent: Agent,
  { guard, toolsFor }: Pick<Hands, "guard" | "toolsFor">,
): ToolSpec[] {
  return toolsFor(agent.id)
    .filter(
      ({ name, capability }) =>
        maySee(agent, name) && guard.isThinkable(agent.id, capability ?? capabilityOf(name)),
    )
    .map(({ name, description, params }) => ({ name, description, params }));
}
