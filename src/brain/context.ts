// What the model is shown: the agent's soul, the conversation so far, the prompt, and this task's own turns.

import type { Agent } from "../domain/agent.ts";
import type { Answer, Message } from "../domain/message.ts";
import type { ClaimedTask } from "../domain/task.ts";
import type { Reader } from "../store/reader.ts";
import { historyBefore, promptOf, type StoredMessage } from "../store/sessions.ts";

const HISTORY_MESSAGES = 200;

/** The conversation before this task's first answer. */
export function openingMessages(reader: Reader, agent: Agent, task: ClaimedTask): Message[] {
  const prompt = promptOf(reader, task.id);
  if (prompt === undefined) return [];
  const before = historyBefore(reader, task.sessionId, prompt.anchor, HISTORY_MESSAGES);
  const soul: Message[] = agent.soul === "" ? [] : [{ role: "system", text: agent.soul }];
  return [...soul, ...before.map(toMessage), { role: "user", text: prompt.content }];
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
