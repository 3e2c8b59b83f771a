// The one event union. Durable events are rows, written in the transaction that caused them and published after its
// COMMIT; ephemeral events (text deltas) are published directly and may be dropped.

import type { TaskState } from "./task.ts";

/** What happened to a task, in the past tense, with a sentence for the generated reference. */
export const DURABLE_EVENTS = {
  "task.enqueued": "the task was accepted and waits for a lane",
  "task.claimed": "a lane took the task under a lease",
  "task.running": "the attempt started",
  "task.succeeded": "the task ended with a result",
  "task.retry_wait": "the attempt ended; the task waits for its backoff or for somebody",
  "task.requeued": "the task went back to the queue",
  "task.failed": "the attempt ended with an error that a retry cannot mend, or the last attempt failed",
  "task.dead_letter": "the task was set aside for an operator",
  "task.canceled": "the task was canceled",
  "route.decided":
    "the task's chain of models was chosen, once for all its turns; `steps` says what was looked at",
  "model.start": "a model call is about to be made; its part of the budget is reserved",
  "model.end": "the model's whole answer was journaled; `draft` says that the task's result is not its text",
  "model.billed": "a model call brought nothing usable and was billed all the same",
  "context.compacted":
    "older messages of the session were summarised by the model; the messages themselves stay",
  "model.seam": "a provider broke off or refused; the next one goes on with the answer",
  "tool.start": "a tool call's intent was journaled; the act follows",
  "tool.end": "a tool call's outcome was journaled",
  "tool.refused": "a tool call was refused; the model is told why",
  "approval.required": "a person is asked to approve an act, or to answer a question; the task waits",
  "approval.updated": "an approval or a question was decided, expired or used",
  "effect.resolved": "an operator settled an effect whose outcome was unknown",
} as const;

export type DurableEventType = keyof typeof DURABLE_EVENTS;

export interface DurableEvent {
  readonly seq: number;
  readonly taskId: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly type: DurableEventType;
  readonly from: TaskState | null;
  readonly to: TaskState | null;
  readonly attempt: number;
  readonly reasonCode: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly at: number;
}

/** A piece of an answer in flight. `offset` counts UTF-16 units from the start of the turn's text. */
export interface TextDelta {
  readonly type: "text.delta";
  readonly taskId: string;
  readonly sessionId: string;
  readonly turn: number;
  readonly offset: number;
  readonly text: string;
}

/** A piece of an answer in flight that is no text of it. `offset` counts UTF-16 units of what it adds to. */
export interface AnswerDelta {
  readonly type: "answer.delta";
  readonly taskId: string;
  readonly sessionId: string;
  readonly piece:
    | { readonly type: "reasoning"; readonly offset: number; readonly text: string }
    /** Of the arguments of the call at `index`, which is `id` and calls `name`. */
    | {
        readonly type: "call";
        readonly index: number;
        readonly id: string;
        readonly name: string;
        readonly offset: number;
        readonly text: string;
      };
}

/** Tools of an MCP server are new, changed or gone; those that are new or changed wait for an approval. */
export interface ToolsUpdated {
  readonly type: "tools.updated";
  readonly server: string;
  readonly tools: readonly string[];
}

export type TaskEvent = DurableEvent | TextDelta | AnswerDelta;
export type GoclawEvent = TaskEvent | ToolsUpdated;

export function isDurable(event: GoclawEvent): event is DurableEvent {
  return "seq" in event;
}

/** Ends an exhaustive switch: a new case is a compile error at every place that has not decided about it. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}
