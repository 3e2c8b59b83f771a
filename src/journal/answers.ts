// The model's whole answer of each turn, written before anything is done about it: an answer that is here is never
// bought again.

import {
  type Answer,
  type Continuation,
  type StopReason,
  type ToolCall,
  TURN_SEPARATOR,
} from "../domain/message.ts";
import type { PromptMark } from "../domain/prompt.ts";
import { type Fence, type HeldTask, heldTask } from "../queue/lease.ts";
import type { Reader } from "../store/reader.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { keepBilled } from "./failed-calls.ts";
import { markOf } from "./passage.ts";
import { toWireMark } from "./shown.ts";
import { settleSpend } from "./spend.ts";
import { addUsage, wireUsage } from "./usage.ts";

export interface RecordAnswerInput extends Fence {
  readonly turn: number;
  readonly answer: Answer;
  /** US dollars; null when the model's price is unknown. */
  readonly costUsd: number | null;
  /** What the model was shown; absent where nobody measured it. */
  readonly shown?: PromptMark;
}

const INSERT_SQL = `
  INSERT INTO answers (task_id, turn, text, tool_calls, stop_reason, provider, model,
                       input_tokens, output_tokens, cached_tokens, cost_usd, reasoning, refusal, continuation, mark, attempt, at)
  VALUES (@taskId, @turn, @text, @toolCalls, @stopReason, @provider, @model,
          @inputTokens, @outputTokens, @cachedTokens, @costUsd, @reasoning, @refusal, @continuation, @mark, @attempt, @now)`;

const RECORDED_SQL = "SELECT 1 FROM answers WHERE task_id = @taskId AND turn = @turn";

/** Returns false when the lease is lost; the answer is then not recorded and must not be acted on. */
export const recordAnswer = defineVerb("journal.record_answer", (tx, input: RecordAnswerInput): boolean => {
  const task = heldTask(tx, input);
  if (task === undefined) {
    keepLostAnswer(tx, input, input);
    return false;
  }
  const { answer } = input;
  // Sent again after a commit that was reported as failed and had been made.
  if (isRecorded(tx, task.id, input.turn)) return true;
  insertAnswer(tx, task, input);
  addUsage(tx, task.id, answer.usage);
  return true;
});

function isRecorded(tx: Tx, taskId: string, turn: number): boolean {
  return tx.get(RECORDED_SQL, { taskId, turn }) !== undefined;
}

/** An answer whose attempt lost its lease is not used, but it was bought: what it cost is kept, what it reserved is free. */
export function keepLostAnswer(
  tx: Tx,
  { taskId, fence }: Fence,
  { turn, answer, costUsd }: PricedAnswer,
): void {
  if (isRecorded(tx, taskId, turn)) return; // by this very call, before its end was reported as failed
  const { provider, model, usage } = answer;
  const call = { id: `${taskId}/${fence}/${turn}`, provider, model, usage, costUsd, errorClass: "lost" };
  keepBilled(tx, { taskId, fence, turn, calls: [call], isOver: true });
}

/** A new answer, with its place and its price. */
export type PricedAnswer = Pick<RecordAnswerInput, "turn" | "answer" | "costUsd" | "shown">;

/** Inside a fenced transaction: the answer's row, event and cost; the task's usage is the caller's. */
export function insertAnswer(tx: Tx, task: HeldTask, { turn, answer, costUsd, shown }: PricedAnswer): void {
  const { id: taskId, sessionId, agentId, attempt } = task;
  const { text, usage, stopReason, provider, model, toolCalls } = answer;
  const tokens = {
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    cachedTokens: usage?.cachedTokens ?? null,
  };
  const calls = JSON.stringify(toolCalls);
  const reasoning = answer.reasoning ?? null;
  const refusal = answer.refusal ?? null;
  const continuation = answer.continuation === undefined ? null : JSON.stringify(answer.continuation);
  const isCalled = toolCalls.length > 0 && continuation !== null;
  const mark = task.passed === 1 && isCalled ? markOf(answer, task.keyId) : null;
  const row = { taskId, turn, text, toolCalls: calls, stopReason, provider, model, ...tokens, attempt };
  tx.run(INSERT_SQL, { ...row, costUsd, reasoning, refusal, continuation, mark, now: tx.nowMs });
  const spent = usage === null ? null : usage.inputTokens + usage.outputTokens;
  settleSpend(tx, task, turn, { provider, usd: costUsd, tokens: spent });
  const payload = {
    cost_usd: costUsd,
    turn,
    provider,
    model,
    stop_reason: stopReason,
    tool_calls: toolCalls.length,
    ...(task.structured === 1 && { draft: true }),
    ...wireUsage(usage),
    ...(shown && { shown: toWireMark(shown) }),
  };
  const noMove = { from: null, to: null, reasonCode: null };
  tx.append({ taskId, sessionId, agentId, type: "model.end", ...noMove, attempt, payload });
}

const LOAD_SQL = `
  SELECT turn, text, tool_calls AS toolCalls, stop_reason AS stopReason, provider, model,
         input_tokens AS inputTokens, output_tokens AS outputTokens, cached_tokens AS cachedTokens,
         reasoning, refusal, continuation
  FROM answers WHERE task_id = @taskId ORDER BY turn`;

interface AnswerRow {
  readonly turn: number;
  readonly text: string;
  readonly toolCalls: string;
  readonly stopReason: StopReason;
  readonly provider: string;
  readonly model: string;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly reasoning: string | null;
  readonly refusal: string | null;
  readonly continuation: string | null;
}

/** The answers of a task in turn order. */
export function loadAnswers(reader: Reader, taskId: string): Answer[] {
  return reader.all<AnswerRow>(LOAD_SQL, { taskId }).map((row) => ({
    text: row.text,
    toolCalls: JSON.parse(row.toolCalls) as ToolCall[],
    stopReason: row.stopReason,
    provider: row.provider,
    model: row.model,
    ...(row.reasoning === null ? {} : { reasoning: row.reasoning }),
    ...(row.refusal === null ? {} : { refusal: row.refusal }),
    ...(row.continuation === null ? {} : { continuation: JSON.parse(row.continuation) as Continuation }),
    usage:
      row.inputTokens === null
        ? null
        : {
            inputTokens: row.inputTokens,
            outputTokens: row.outputTokens ?? 0,
            cachedTokens: row.cachedTokens ?? 0,
          },
  }));
}

const TEXT_SQL = "SELECT text FROM answers WHERE task_id = @taskId AND turn = @turn";

export function answerText(reader: Reader, taskId: string, turn: number): string | undefined {
  return reader.get<{ text: string }>(TEXT_SQL, { taskId, turn })?.text;
}

/** What a person or a client reads as the answer (decision 0004). */
export function resultText(answers: readonly Answer[]): string {
  return answers
    .map((answer) => answer.text)
    .filter((text) => text !== "")
    .join(TURN_SEPARATOR);
}
