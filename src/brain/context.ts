// What the model is shown: the agent's soul, a summary of what no longer fits, the conversation since, the prompt, and
// this task's own turns. A request fits the window: older messages are summarised first, then old tool results cut.

import type { Agent } from "../domain/agent.ts";
import type { Answer, Message, ToolSpec } from "../domain/message.ts";
import type { PromptMark } from "../domain/prompt.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { lastMark } from "../journal/shown.ts";
import { countMessages, countTools, ESTIMATE, type TokenCounter } from "../providers/tokens.ts";
import type { Reader } from "../store/reader.ts";
import {
  historyBefore,
  promptOf,
  type StoredMessage,
  type Summary,
  summaryBefore,
} from "../store/sessions.ts";
import { type CompactPorts, compact, summaryTokensIn } from "./compact.ts";
import type { Counting } from "./counting.ts";
import { cutResults } from "./fit.ts";
import { markSegments, type Shown } from "./mark.ts";
import { type Room, roomFor } from "./window.ts";

export interface ContextPorts extends CompactPorts {
  readonly agent: Agent;
  readonly counting: Counting;
  readonly tools: readonly ToolSpec[];
}

export type Prepared =
  | { readonly messages: readonly Message[]; readonly shown: PromptMark }
  | { readonly outcome: Outcome };

/** Of the room: where compaction begins, what it leaves, and the least history that is worth a call. */
const COMPACT_ABOVE = 0.75;
const COMPACT_TO = 0.4;
const WORTH_A_CALL = 0.1;

/** The request of one turn, `turns` being what the task did so far. */
export async function prepareContext(
  ports: ContextPorts,
  turn: number,
  turns: readonly Message[],
): Promise<Prepared> {
  const { task, agent, links, tools, store, purse } = ports;
  const room = roomFor(purse.catalog, links, agent.contextLimit, task.sampling);
  const open = (): Opening => readOpening(store.reader, agent, task, purse.nowMs());
  let opening = open();
  const counter = await counterFor(ports, room, opening, turns);
  let size = measure(counter, opening, tools, turns);
  const old = oldMessages(opening, size, room, counter);
  if (old.length > 0) {
    const { summary, readAt } = opening;
    const outcome = await compact(ports, { turn, summary, messages: old, readAt, room, counter });
    if (outcome !== undefined) return { outcome };
    opening = open();
    size = measure(counter, opening, tools, turns);
  }
  const excess = size.total - room.inputTokens;
  const fitting = excess > 0 ? cutResults(turns, excess, counter) : turns;
  const total = size.total - size.turns + countMessages(counter, fitting);
  if (isHopeless(total, room, counter)) return { outcome: tooLong(total, room) };
  const shown = shownOf(opening, tools, fitting);
  const before = lastMark(store.reader, task.id, task.sessionId, opening.anchor);
  const marked = markSegments(shown, before);
  const mark = { tokens: total, countedBy: counter.method, window: room.window, ...marked };
  return { messages: messagesOf(shown), shown: mark };
}

interface Opening {
  readonly soul: string;
  readonly summary: Summary | undefined;
  readonly history: readonly StoredMessage[];
  readonly anchor: number;
  readonly prompt: Message;
  readonly readAt: number;
}

function readOpening(reader: Reader, agent: Agent, task: ClaimedTask, readAt: number): Opening {
  const stored = promptOf(reader, task.id);
  const anchor = stored?.anchor ?? 0;
  const summary = summaryBefore(reader, task.sessionId, anchor);
  const history = historyBefore(reader, task.sessionId, anchor, summary);
  const prompt: Message = { role: "user", text: stored?.content ?? "" };
  return { soul: agent.soul, summary, history, anchor, prompt, readAt };
}

async function counterFor(
  { task, links, tools, counting }: ContextPorts,
  room: Room,
  opening: Opening,
  turns: readonly Message[],
): Promise<TokenCounter> {
  const { total } = measure(ESTIMATE, opening, tools, turns);
  const messages = messagesOf(shownOf(opening, tools, turns));
  const request = { model: links[0].model, messages, tools, sampling: task.sampling };
  return counting.counterFor(request, total, room);
}

interface Size {
  readonly total: number;
  readonly history: number;
  readonly turns: number;
}

function measure(
  counter: TokenCounter,
  { soul, summary, history, prompt }: Opening,
  tools: readonly ToolSpec[],
  own: readonly Message[],
): Size {
  const past = countMessages(counter, history.map(toMessage));
  const turns = countMessages(counter, own);
  const fixed = countMessages(counter, [...soulMessage(soul), ...summaryMessage(summary), prompt]);
  return { total: countTools(counter, tools) + fixed + past + turns, history: past, turns };
}

/** The messages that must be summarised now, oldest first; empty when there is room, or nothing to gain. */
function oldMessages(
  { history }: Opening,
  size: Size,
  { inputTokens, ...room }: Room,
  counter: TokenCounter,
): readonly StoredMessage[] {
  if (size.total <= inputTokens * COMPACT_ABOVE) return [];
  if (size.total <= inputTokens && size.history < inputTokens * WORTH_A_CALL) return [];
  const others = size.total - size.history + summaryTokensIn({ inputTokens, ...room });
  let left = inputTokens * COMPACT_TO - others;
  let from = history.length;
  for (; from > 0; from--) {
    const message = history[from - 1];
    if (message === undefined) break;
    left -= countMessages(counter, [toMessage(message)]);
    if (left < 0) break;
  }
  // What stays begins with a prompt: an answer goes where its prompt goes.
  while (history[from]?.role === "assistant") from++;
  return history.slice(0, from);
}

/** Sure enough to end the task here: the window is known, and no error of the estimate can explain it. */
function isHopeless(total: number, { window, isKnown, inputTokens }: Room, counter: TokenCounter): boolean {
  if (inputTokens === 0) return true;
  return isKnown && total > window * (counter.method === "estimate" ? 2 : 1);
}

function tooLong(total: number, { window, inputTokens }: Room): Outcome {
  const message =
    `prompt, soul, tools and this task's own turns have ${total} tokens, and a window of ${window} leaves ` +
    `${inputTokens} for them; make the prompt shorter, ask for fewer max_tokens, or choose a model with a larger window`;
  return { type: "failed", code: "PROVIDER_CONTEXT_LENGTH", message };
}

function shownOf(
  { soul, summary, history, prompt }: Opening,
  tools: readonly ToolSpec[],
  turns: readonly Message[],
): Shown {
  return { tools, soul, summary: summary?.text ?? "", history: history.map(toMessage), prompt, turns };
}

function messagesOf({ soul, summary, history, prompt, turns }: Shown): Message[] {
  const before = summary === "" ? [] : [toSummaryMessage(summary)];
  return [...soulMessage(soul), ...before, ...history, prompt, ...turns];
}

function soulMessage(soul: string): Message[] {
  return soul === "" ? [] : [{ role: "system", text: soul }];
}

function summaryMessage(summary: Summary | undefined): Message[] {
  return summary === undefined ? [] : [toSummaryMessage(summary.text)];
}

/** The summary is as trustworthy as the messages it stands for, so it does not speak with the soul's voice. */
function toSummaryMessage(text: string): Message {
  return { role: "user", text: `[Summary of the earlier conversation, made to fit the window]\n${text}` };
}

function toMessage({ role, content }: StoredMessage): Message {
  return role === "assistant" ? { role, text: content, toolCalls: [] } : { role, text: content };
}

/** One finished turn: the answer and, in the order of its calls, what each call returned. */
export function turnMessages(answer: Answer, results: readonly string[]): Message[] {
  const tools = answer.toolCalls.map(
    (call, index): Message => ({
      role: "tool",
      callId: call.id,
      name: call.name,
      text: results[index] ?? "",
    }),
  );
  const { text, toolCalls, continuation } = answer;
  return [{ role: "assistant", text, toolCalls, ...(continuation && { continuation }) }, ...tools];
}
