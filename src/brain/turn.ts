// The turn loop: ask the model, journal its answer, perform its tool calls, ask again, until it answers without one.
// Everything the journal already has is taken from there: no answer is bought twice, no act is made twice.

import type { Agent } from "../domain/agent.ts";
import type { Answer, Message, ToolSpec } from "../domain/message.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { loadAnswers, recordAnswer, resultText } from "../journal/answers.ts";
import { type Effect, loadEffects } from "../journal/effects.ts";
import { recordSeam } from "../journal/seam.ts";
import type { Provider, SeamPart } from "../providers/provider.ts";
import { type Hands, type Performed, perform } from "../tools/perform.ts";
import { callModel } from "./call.ts";
import { openingMessages, turnMessages } from "./context.ts";
import { outcomeOf } from "./outcome.ts";

export interface TurnInput {
  readonly task: ClaimedTask;
  readonly agent: Agent;
  readonly provider: Provider;
  readonly model: string;
  readonly hands: Hands;
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
      // Nothing is acted on after an answer without tool calls, so it is committed together with the task's end.
      if (answer.toolCalls.length === 0) return succeed(answers, { turn, answer });
      const { task } = input;
      const held = await hands.store.insist(recordAnswer, {
        taskId: task.id,
        fence: task.fence,
        turn,
        answer,
      });
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

function succeed(
  answers: readonly Answer[],
  lastAnswer: { readonly turn: number; readonly answer: Answer } | null,
): Outcome {
  return { type: "succeeded", result: { text: resultText(answers) }, lastAnswer };
}

/** Buys one answer; it is not journaled yet. */
async function ask(
  { task, agent, provider, model, hands, signal, onText }: TurnInput,
  turn: number,
  messages: readonly Message[],
): Promise<{ answer: Answer } | { outcome: Outcome }> {
  const request = { model, messages, tools: offeredTools(agent, hands), sampling: task.sampling };
  const fence = { taskId: task.id, fence: task.fence };
  const onSeam = ({
    fromProvider,
    fromModel,
    toProvider,
    toModel,
    errorClass,
    message,
    offset,
  }: SeamPart): void => {
    const [from, to] = [`${fromProvider}/${fromModel}`, `${toProvider}/${toModel}`];
    const seam = { turn, offset, from, to, errorClass, message: hands.redact(message) };
    // The answer does not wait for this note; when it cannot be written, neither can the answer be.
    hands.store.run(recordSeam, { ...fence, ...seam }).catch(() => {});
  };
  const passOn = (text: string, offset: number): void => onText(turn, offset, text);
  const called = await callModel(provider, request, signal, passOn, onSeam);
  return called.ok ? { answer: called.answer } : { outcome: outcomeOf(called.failure) };
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
