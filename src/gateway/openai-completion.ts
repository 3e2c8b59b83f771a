// One chat completion, from its task to its answer: who asked, who answers, the wait for the task's end, and what of the
// answer is the same for an agent and for a model.

import type { FastifyReply, FastifyRequest } from "fastify";
import { CODES, type Code, GoclawError } from "../domain/error.ts";
import { isTerminal } from "../domain/task.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import { type Followed, type Follower, suspensionOf } from "../rpc/follow.ts";
import { getTask } from "../rpc/methods/task.ts";
import type { WireTask } from "../rpc/wire.ts";
import { whenGone } from "./gone.ts";
import type { ChatRequest } from "./openai-request.ts";
import type { Answerer } from "./route-headers.ts";

export interface OpenAiPorts {
  readonly rpc: Rpc;
  readonly follower: Follower;
  readonly nowMs: () => number;
}

/** One request whose task was accepted. */
export interface Completion {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly chat: Pick<ChatRequest, "model" | "stream" | "includeUsage">;
  readonly taskId: string;
  readonly answerer: Answerer;
  /** What it waits for is the queue's own and over in a moment. */
  readonly waitsShortly?: boolean;
}

export interface Ended {
  readonly task: WireTask;
  /** Why the last answer stopped, in OpenAI's words. */
  readonly finishReason: string;
}

/**
 * Resolves when the task has ended or waits for somebody; rejects with that as an error unless it succeeded. `view`
 * sees everything on the way there.
 */
export function waitForEnd(
  ports: OpenAiPorts,
  { request, reply, taskId, answerer, waitsShortly = false }: Completion,
  view: Followed = { onDelta: () => {}, onEvent: () => {} },
): Promise<Ended> {
  const read = async (): Promise<WireTask> =>
    (await ports.rpc.call(getTask, { task_id: taskId }, request.caller)).task;
  return new Promise((resolve, reject) => {
    let stop: (() => void) | undefined;
    let over = false;
    let finishReason = "stop";
    let afterMs = 0;
    // A key may find a task that waited for somebody, or was put back, long ago: only what it has come to by now counts.
    let isLive = false;
    let rests = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      stop?.();
      read().then(
        (task) =>
          task.state === "SUCCEEDED" ? resolve({ task, finishReason }) : reject(errorOf(task, afterMs)),
        reject,
      );
    };
    stop = ports.follower.follow(taskId, 0, {
      ...view,
      onEvent: (event) => {
        answerer.observe(event);
        view.onEvent(event);
        if (event.type === "model.end") finishReason = String(event.payload.stop_reason);
        afterMs = Number(event.payload.retry_after_ms ?? afterMs);
        if (event.to === null) return;
        const isPutBack = isLive && event.reasonCode === "SHUTDOWN_REQUEUED";
        rests = isTerminal(event.to) || isPutBack || (!waitsShortly && suspensionOf(event) !== undefined);
        if (isLive && rests) finish();
      },
      onCaughtUp: () => {
        isLive = true;
        if (rests) finish();
      },
    });
    if (over) stop();
    whenGone(reply.raw, stop);
  });
}

/** The answer of a request without a stream; `usage` undefined where the vendor told none. */
export function wholeAnswer(
  { chat, taskId }: Completion,
  { task, finishReason }: Ended,
  message: object | null,
  usage: object | undefined,
) {
  return {
    id: `chatcmpl-${taskId}`,
    object: "chat.completion",
    created: Math.floor(Date.parse(task.created_at) / 1000),
    model: chat.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    ...(usage !== undefined && { usage }),
  };
}

export function usageOf({ usage }: WireTask) {
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.output_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_tokens },
  };
}

/** For a 429 whose end nobody knows: a client that waits for nothing would ask at once. */
const LATER_SECONDS = 10;

/** Why a task has no answer to give, with the status of its code. */
function errorOf(task: WireTask, afterMs: number): GoclawError {
  const given = task.error?.code ?? task.reason_code ?? "INTERNAL";
  const code = given in CODES ? (given as Code) : "INTERNAL";
  const message = `${task.error?.message ?? task.state} (task ${task.id} is ${task.state}; goclaw task why ${task.id})`;
  const later = CODES[code].http === 429 ? LATER_SECONDS : undefined;
  const retryAfterSeconds = afterMs > 0 ? Math.ceil(afterMs / 1_000) : later;
  return new GoclawError(code, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}
