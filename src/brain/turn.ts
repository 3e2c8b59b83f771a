// The turn loop: ask the model, journal its answer, perform its tool calls, ask again, until it answers without one.
// Everything the journal already has is taken from there: no answer is bought twice, no act is made twice.

import type { Agent } from "../domain/agent.ts";
import type { Answer, Message, ToolSpec } from "../domain/message.ts";
import { costOf } from "../domain/price.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { loadAnswers, type PricedAnswer, recordAnswer, resultText } from "../journal/answers.ts";
import { type Effect, loadEffects } from "../journal/effects.ts";
import { recordSeam } from "../journal/seam.ts";
import type { Provider } from "../providers/provider.ts";
import { type Hands, type Performed, perform } from "../tools/perform.ts";
import { type Purse, releaseCall, reserveCall } from "./budget.ts";
import { callModel, type Hearing } from "./call.ts";
import { openingMessages, turnMessages } from "./context.ts";
import { outcomeOf } from "./outcome.ts";

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

const EFFECT_DEADLINE_MS = 7 * 86_400_000;

/** Runs the task from where its journal ends to an outcome. */
export async function runTurns(input: TurnInput): Promise<Outcome> {
  const { task, agent, hands, signal } = input;
  const { reader } = hands.store;
  const messages = openingMessages(reader, agent, task);
  const answers = loadAnswers(reader, task.id);
  const effects = loadEffects(reader, task.id);
  for (let turn = 0; turn < agent.maxTurns; turn++) {
    if (signal.aborted) return { type: "lost" };
    let answer = answers[turn];
    if (answer === undefined) {
      const asked = await ask(input, turn, messages);
      if ("outcome" in asked) return asked.outcome;
      answer = asked.answer;
      answers.push(answer);
      const costUsd = priceOf(input, answer);
      // Nothing is acted on after an answer without tool calls, so it is committed together with the task's end.
      if (answer.toolCalls.length === 0) return succeed(answers, { turn, answer, costUsd });
      const recorded = { taskId: task.id, fence: task.fence, turn, answer, costUsd };
      const held = await hands.store.insist(recordAnswer, recorded);
      if (!held) return { type: "lost" };
    }
    if (answer.toolCalls.length === 0) return succeed(answers, null);
    const worked = await work(input, turn, answer, effects);
    if ("outcome" in worked) return worked.outcome;
    messages.push(...turnMessages(answer, worked.results));
  }
  const message = `agent ${agent.id} used its ${agent.maxTurns} turns without a final answer; raise max_turns if it needs more`;
  return { type: "failed", code: "TURN_LIMIT", message };
}

function succeed(answers: readonly Answer[], lastAnswer: PricedAnswer | null): Outcome {
  return { type: "succeeded", result: { text: resultText(answers) }, lastAnswer };
}

/** US dollars of one answer; null when its model has no known price. */
function priceOf({ purse, model }: TurnInput, answer: Answer): number | null {
  const facts =
    purse.catalog.find(answer.provider, answer.model) ?? purse.catalog.find(answer.provider, model);
  return costOf(facts?.price, answer.usage);
}

/** Buys one answer within the budget; it is not journaled yet. */
async function ask(
  input: TurnInput,
  turn: number,
  messages: readonly Message[],
): Promise<{ answer: Answer } | { outcome: Outcome }> {
  const { task, agent, provider, model, hands, purse, signal } = input;
  const wanted = { turn, provider: agent.provider, model, messages, maxTokens: task.sampling.maxTokens };
  const grant = await reserveCall(purse, task, wanted);
  if ("outcome" in grant) return grant;
  const request = { model, messages, tools: offeredTools(agent, hands), sampling: task.sampling };
  const called = await callModel(provider, request, signal, hearing(input, turn));
  if (called.ok) return { answer: called.answer };
  if (grant.held) await releaseCall(purse, task.id, turn);
  return { outcome: outcomeOf(called.failure) };
}

/** What is done with the parts of an answer that others want to see before it is whole. */
function hearing({ task, hands, onText }: TurnInput, turn: number): Hearing {
  return {
    onText: (text, offset) => onText(turn, offset, text),
    onSeam: ({ fromProvider, fromModel, toProvider, toModel, errorClass, message, offset }) => {
      const [from, to] = [`${fromProvider}/${fromModel}`, `${toProvider}/${toModel}`];
      const seam = { turn, offset, from, to, errorClass, message: hands.redact(message) };
      // The answer does not wait for this note; when it cannot be written, neither can the answer be.
      hands.store.run(recordSeam, { taskId: task.id, fence: task.fence, ...seam }).catch(() => {});
    },
  };
}

async function work(
  { task, hands, signal }: TurnInput,
  turn: number,
  answer: Answer,
  effects: readonly Effect[],
): Promise<{ results: string[] } | { outcome: Outcome }> {
  const results: string[] = [];
  for (const [callIndex, call] of answer.toolCalls.entries()) {
    if (signal.aborted) return { outcome: { type: "lost" } };
    const earlier = effects.find((effect) => effect.turn === turn && effect.callIndex === callIndex);
    const performed: Performed =
      earlier?.outcome == null
        ? await perform(hands, task, call, { turn, callIndex }, signal)
        : { type: "result", text: earlier.outcome };
    if (performed.type === "lost") return { outcome: { type: "lost" } };
    if (performed.type === "unknown") {
      const deadlineAt = hands.ports.now().getTime() + EFFECT_DEADLINE_MS;
      return {
        outcome: { type: "suspended", reason: "EFFECT_UNKNOWN", deadlineAt, message: performed.message },
      };
    }
    results.push(performed.text);
  }
  return { results };
}

function offeredTools(agent: Agent, hands: Hands): ToolSpec[] {
  return hands.tools
    .filter((tool) => agent.tools === null || agent.tools.includes(tool.name))
    .map(({ name, description, params }) => ({ name, description, params }));
}
