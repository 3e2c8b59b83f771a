// A client's own request: asked once, as it came, and answered with whatever the model says. There is no turn after it,
// because the client performs its own tool calls; and nothing waits, because nobody but the client looks after it.

import type { AnswerDelta } from "../domain/event.ts";
import type { Answer } from "../domain/message.ts";
import type { Passage } from "../domain/passage.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import type { ModelRequest, Provider } from "../providers/provider.ts";
import { atLimit, type Purse } from "./budget.ts";
import { buy } from "./buy.ts";
import type { Hearing } from "./call.ts";
import { outcomeOf } from "./outcome.ts";
import { createSeamNote } from "./seam-note.ts";
import type { Link } from "./window.ts";

export interface PassageInput {
  readonly task: ClaimedTask;
  readonly passage: Passage;
  readonly provider: Provider;
  /** Who is asked first. */
  readonly link: Link;
  readonly purse: Purse;
  readonly signal: AbortSignal;
  readonly redact: (text: string) => string;
  readonly onText: (turn: number, offset: number, text: string) => void;
  readonly onPiece: (piece: AnswerDelta["piece"]) => void;
}

const ONLY_TURN = 0;

export async function runPassage(input: PassageInput): Promise<Outcome> {
  const { task, passage, provider, link, purse, signal } = input;
  const links = [link, ...(provider.fallbacks ?? [])] as const;
  const request = requestOf(passage, link.model);
  const bought = await buy({ task, provider, links, purse, signal }, ONLY_TURN, request, hearing(input));
  const settle = (outcome: Outcome): Outcome => unattended(outcome, purse.nowMs(), task, passage);
  if ("outcome" in bought) return settle(bought.outcome);
  if ("failure" in bought) return settle(outcomeOf(bought.failure, atLimit(purse, task)));
  const { answer, costUsd } = bought;
  return {
    type: "succeeded",
    result: { text: textOf(answer) },
    lastAnswer: { turn: ONLY_TURN, answer, costUsd },
  };
}

export function requestOf({ messages, tools, sampling, wish }: Passage, model: string): ModelRequest {
  return { model, messages, tools, sampling, wish };
}

function textOf({ text, refusal }: Answer): string {
  return text === "" ? (refusal ?? "") : text;
}

/** Waits up to this long are the queue's; of a longer one the client is told at once. */
const PATIENCE_MS = 5_000;

/**
 * Nobody raises a limit for a client's own request, or brings it back: what would wait long is an error. A model that was
 * named is asked once, because the client knows best whether it asks again.
 */
function unattended(
  outcome: Outcome,
  nowMs: number,
  { attempt, maxAttempts }: ClaimedTask,
  { link }: Passage,
): Outcome {
  if (outcome.type === "suspended" && outcome.deadlineAt - nowMs > PATIENCE_MS)
    return { type: "failed", code: "BUDGET_EXCEEDED", message: outcome.message };
  if (outcome.type !== "retry" || (link === null && attempt < maxAttempts)) return outcome;
  const { code, message, afterMs = 0 } = outcome;
  return { type: "failed", code, message, ...(afterMs > 0 && { afterMs }) };
}

function hearing({ task, purse, redact, onText, onPiece }: PassageInput): Hearing {
  return {
    onText: (text, offset) => onText(ONLY_TURN, offset, text),
    onPiece,
    onSeam: createSeamNote(purse.store, task, ONLY_TURN, redact),
  };
}
