// `task.cassette`: what a task's model answered, as a cassette that the replay provider plays. Made from the journal, so
// it holds what was really used; secrets are taken out before it leaves.

import type { Cassette, CassetteEntry } from "../../domain/cassette.ts";
import type { Answer, ToolCall } from "../../domain/message.ts";
import { loadAnswers } from "../../journal/answers.ts";
import { taskNotFound } from "../../queue/find.ts";
import { findTaskById } from "../../store/tasks.ts";
import { defineMethod, paramsOf } from "../method.ts";

export const taskCassette = defineMethod<{ readonly task_id: string }, { cassette: Cassette }>({
  name: "task.cassette",
  capability: "acp.read",
  params: paramsOf({ task_id: { type: "string", minLength: 1, maxLength: 64 } }, ["task_id"]),
  run: async ({ store, redact }, { task_id }) => {
    const task = findTaskById(store.reader, task_id);
    if (task === undefined) throw taskNotFound(task_id);
    const prompt = redact(task.prompt);
    const entries = loadAnswers(store.reader, task_id).map((answer, turn) =>
      toEntry(prompt, turn, answer, redact),
    );
    const description = `recorded from task ${task_id} (agent ${task.agentId})`;
    return { cassette: { cassette: 1, description, entries } };
  },
});

function toEntry(
  prompt: string,
  turn: number,
  answer: Answer,
  redact: (text: string) => string,
): CassetteEntry {
  const { text, toolCalls, usage } = answer;
  return {
    prompt,
    turn,
    ...(text === "" ? {} : { text: redact(text) }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map((call) => toCall(call, redact)) }),
    ...(usage === null
      ? {}
      : { usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens } }),
  };
}

/** Arguments that are not JSON stay the text they are: the replay hands the tool the same nonsense. */
function toCall(
  { name, argumentsText }: ToolCall,
  redact: (text: string) => string,
): { name: string; arguments: unknown } {
  let plain: string;
  try {
    // Without the escapes that JSON leaves to its writer: a secret may be spelled in them.
    plain = JSON.stringify(JSON.parse(argumentsText));
  } catch {
    return { name, arguments: redact(argumentsText) };
  }
  const clean = redact(plain);
  try {
    return { name, arguments: JSON.parse(clean) as unknown };
  } catch {
    return { name, arguments: clean };
  }
}
