// The task state machine: the one place that says which arrows exist and which reasons each may carry.
// SQL CHECKs, the property model, SPEC.md and docs/reference/states.md are held against this table by tests.

import type { Answer } from "./message.ts";
import type { OutputSpec } from "./output.ts";
import type { PromptMark } from "./prompt.ts";
import type { RouteLayer, RouteLink, Tier } from "./route.ts";

export const TASK_STATES = [
  "QUEUED",
  "CLAIMED",
  "RUNNING",
  "RETRY_WAIT",
  "SUCCEEDED",
  "FAILED",
  "CANCELED",
  "DEAD_LETTER",
] as const;

export type TaskState = (typeof TASK_STATES)[number];

export const TRANSITIONS = {
  QUEUED: ["CLAIMED", "CANCELED"],
  CLAIMED: ["RUNNING", "QUEUED", "CANCELED"],
  RUNNING: ["SUCCEEDED", "RETRY_WAIT", "FAILED", "CANCELED", "QUEUED"],
  RETRY_WAIT: ["QUEUED", "FAILED", "CANCELED"],
  FAILED: ["DEAD_LETTER"],
  SUCCEEDED: [],
  CANCELED: [],
  DEAD_LETTER: ["QUEUED"],
} as const satisfies Record<TaskState, readonly TaskState[]>;

/** A legal pair; an illegal one does not type-check. */
export type Transition = {
  [From in TaskState]: { readonly from: From; readonly to: (typeof TRANSITIONS)[From][number] };
}[TaskState];

export const TERMINAL_STATES = [
  "SUCCEEDED",
  "FAILED",
  "CANCELED",
  "DEAD_LETTER",
] as const satisfies TaskState[];

export function isTerminal(state: TaskState): boolean {
  return (TERMINAL_STATES as readonly TaskState[]).includes(state);
}

export function canMove(from: TaskState, to: TaskState): boolean {
  return (TRANSITIONS[from] as readonly TaskState[]).includes(to);
}

/** Reasons a RETRY_WAIT row waits for somebody instead of a backoff; such a wait does not count as an attempt. */
export const SUSPENSIONS = [
  "AWAITING_APPROVAL",
  "AWAITING_CHILD",
  "AWAITING_INPUT",
  "AWAITING_BUDGET",
  "EFFECT_UNKNOWN",
] as const;
export type Suspension = (typeof SUSPENSIONS)[number];

/** Requests a caller may make about priority: small integers, so that claiming can visit each level once. */
export const PRIORITY = { min: -10, max: 10, default: 0 } as const;

/** One queued level gains a step of effective priority for every `stepMs` its head has waited, at most `maxSteps`. */
export const AGEING = { stepMs: 30_000, maxSteps: 20 } as const;

/** Token counts as the provider reported them; `costUsd` is null when no price is known. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly costUsd: number | null;
}

export interface TaskResult {
  readonly text: string;
  /** The value that the text is the JSON of, when the task asked for data. */
  readonly structured?: unknown;
}

/**
 * What a task is for: to answer a prompt, to make a session's older messages shorter, to call one tool; or `passthrough`:
 * the client's own conversation goes to a model as it is, without an agent's words and tools.
 */
export type TaskKind = "chat" | "compact" | "tool" | "passthrough";

/** Who was chosen for a task, and by which rule of which layer. */
export interface TaskRoute extends RouteLink {
  readonly layer: RouteLayer;
  readonly rule: string;
  readonly tier: Tier | null;
}

/** A task as read models return it. Times are epoch milliseconds. */
export interface Task {
  readonly id: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly kind: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly priority: number;
  readonly reasonCode: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly prompt: string;
  readonly result: TaskResult | null;
  readonly usage: Usage;
  /** Where routing sent it; null while nothing is chosen, and for a model that was named. */
  readonly route: TaskRoute | null;
  readonly parentId: string | null;
  /** The schedule it belongs to. */
  readonly scheduleId: string | null;
  readonly idempotencyKey: string | null;
  /** Of the request that brought it, or brought the task that made it. */
  readonly traceId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly availableAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/** Sampling and limits a caller set for one task; handed to the provider as they are. */
export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
}

/** The kind of a task that is one tool call and no model; its prompt is the JSON of a ToolTaskPrompt. */
export const TOOL_TASK = "tool";

export interface ToolTaskPrompt {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What a claim hands to a lane. `fence` is raised by every claim and never given back (see decision 0002). */
export interface ClaimedTask {
  readonly id: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly kind: TaskKind;
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The API key it was submitted with; null for the home's own token. */
  readonly keyId: string | null;
  /** The schedule it belongs to. */
  readonly scheduleId: string | null;
  readonly fence: number;
  readonly model: string | null;
  readonly sampling: Sampling;
  /** What the final answer must be; null takes any text. */
  readonly output: OutputSpec | null;
  readonly traceId: string;
  /** The policy this attempt is pinned to; it runs under this one and the one in force, whichever is stricter. */
  readonly policyVersion: string;
}

/** How an attempt ended: a closed set, settled by one exhaustive switch. */
export type Outcome =
  | {
      readonly type: "succeeded";
      readonly result: TaskResult;
      /** The answer that ended the task, when it is not in the journal yet: it is committed with the end. */
      readonly lastAnswer: {
        readonly turn: number;
        readonly answer: Answer;
        readonly costUsd: number | null;
        readonly shown?: PromptMark;
      } | null;
    }
  | {
      readonly type: "retry";
      readonly reason: string;
      readonly code: string;
      readonly message: string;
      readonly afterMs?: number;
    }
  | {
      readonly type: "failed";
      readonly code: string;
      readonly message: string;
      /** When it is worth to ask again, in ms from now; absent when nobody can say. */
      readonly afterMs?: number;
    }
  | {
      readonly type: "suspended";
      readonly reason: Suspension;
      readonly deadlineAt: number;
      readonly message: string;
      /** True when the wait ends by itself at `deadlineAt`; otherwise the task fails then. */
      readonly wakes?: boolean;
      /** The task that AWAITING_CHILD waits for. */
      readonly childId?: string;
    }
  | { readonly type: "requeued" }
  | { readonly type: "lost" };
