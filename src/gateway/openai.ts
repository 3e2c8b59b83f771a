// POST /v1/chat/completions for agents. Every request is a durable task; the answer, streamed or
// whole, is a projection of its events. A client that hangs up leaves the task running.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Agent } from "../domain/agent.ts";
import { CODES, type Code, GoclawError } from "../domain/error.ts";
import { isTerminal } from "../domain/task.ts";
import { createAnswerText } from "../rpc/answer-text.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import { type Followed, type Follower, suspensionOf } from "../rpc/follow.ts";
import { submit } from "../rpc/methods/submit.ts";
import { getTask } from "../rpc/methods/task.ts";
import type { WireTask } from "../rpc/wire.ts";
import { ParamError, sendRawError, wireError } from "./errors.ts";
import { modelNotFound, modelRoutes } from "./models.ts";
import type { ChatRequest } from "./openai-request.ts";
import { openStream, toLine } from "./stream.ts";

export interface OpenAiPorts {
  readonly rpc: Rpc;
  readonly follower: Follower;
  readonly nowMs: () => number;
}

export function openAiRoutes(app: FastifyInstance, ports: OpenAiPorts): void {
  modelRoutes(app, ports.rpc, Math.floor(ports.nowMs() / 1000));

  app.post("/v1/chat/completions", async (request, reply) => {
    // Loaded at the first request: a start does not pay for the schema compiler.
    const { readChatRequest } = await import("./openai-request.ts");
    const chat = readChatRequest(request.body);
    const agent = ports.rpc.ports.agents.find(({ id }) => id === chat.submit.agent);
    if (agent === undefined) throw modelNotFound(chat.model);
    if (chat.submit.prompt.trim() === "")
      throw new ParamError("messages", "messages: the last message is empty");
    const key = request.headers["idempotency-key"];
    const params = { ...chat.submit, ...(key === undefined ? {} : { idempotency_key: key }) };
    const { taskId } = await ports.rpc.call(submit, params, request.caller);
    if (!chat.stream) return answerWhole(ports, request, reply, chat, agent, taskId);
    answerStream(ports, request, reply, chat, agent, taskId);
    return reply;
  });
}

function headersOf(agent: Agent, taskId: string): Record<string, string> {
  const headers = {
    "x-goclaw-task": taskId,
    "x-goclaw-provider": agent.provider,
    "x-goclaw-model": agent.model,
  };
  // Header values must be visible ASCII; a model's name is the user's text.
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, "?")]),
  );
}

interface Ended {
  readonly task: WireTask;
  /** Why the last answer stopped, in OpenAI's words. */
  readonly finishReason: string;
}

/**
 * Resolves when the task has ended or waits for somebody; rejects with that as an error unless it succeeded. `view`
 * sees everything on the way there.
 */
function waitForEnd(
  ports: OpenAiPorts,
  request: FastifyRequest,
  taskId: string,
  reply: FastifyReply,
  view: Followed = { onDelta: () => {}, onEvent: () => {} },
): Promise<Ended> {
  const read = async (): Promise<WireTask> =>
    (await ports.rpc.call(getTask, { task_id: taskId }, request.caller)).task;
  return new Promise((resolve, reject) => {
    let stop: (() => void) | undefined;
    let over = false;
    let finishReason = "stop";
    const finish = (): void => {
      if (over) return;
      over = true;
      stop?.();
      read().then(
        (task) => (task.state === "SUCCEEDED" ? resolve({ task, finishReason }) : reject(errorOf(task))),
        reject,
      );
    };
    stop = ports.follower.follow(taskId, 0, {
      onDelta: view.onDelta,
      onEvent: (event) => {
        view.onEvent(event);
        if (event.type === "model.end") finishReason = String(event.payload.stop_reason);
        const ended = event.to !== null && isTerminal(event.to);
        const putBack = event.reasonCode === "SHUTDOWN_REQUEUED";
        if (ended || putBack || suspensionOf(event) !== undefined) finish();
      },
    });
    if (over) stop();
    reply.raw.on("close", stop);
  });
}

async function answerWhole(
  ports: OpenAiPorts,
  request: FastifyRequest,
  reply: FastifyReply,
  chat: ChatRequest,
  agent: Agent,
  taskId: string,
): Promise<unknown> {
  reply.headers(headersOf(agent, taskId));
  const { task, finishReason } = await waitForEnd(ports, request, taskId, reply);
  return {
    id: `chatcmpl-${taskId}`,
    object: "chat.completion",
    created: Math.floor(Date.parse(task.created_at) / 1000),
    model: chat.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: task.result?.text ?? "", refusal: null },
        logprobs: null,
        finish_reason: finishReason,
      },
    ],
    usage: usageOf(task),
  };
}

function usageOf({ usage }: WireTask) {
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.output_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_tokens },
  };
}

/** Why a task has no answer to give, with the status of its code. */
function errorOf(task: WireTask): GoclawError {
  const code = task.error?.code ?? task.reason_code ?? "INTERNAL";
  const message = `${task.error?.message ?? task.state} (task ${task.id} is ${task.state}; goclaw task why ${task.id})`;
  return new GoclawError(code in CODES ? (code as Code) : "INTERNAL", message);
}

/**
 * Streams chunks. The status line waits for the first sign of an answer, so that a task which fails at once is an HTTP
 * error; after that an error is a last event without [DONE].
 */
function answerStream(
  ports: OpenAiPorts,
  request: FastifyRequest,
  reply: FastifyReply,
  chat: ChatRequest,
  agent: Agent,
  taskId: string,
): void {
  reply.hijack();
  const text = createAnswerText();
  const base = {
    id: `chatcmpl-${taskId}`,
    object: "chat.completion.chunk",
    created: Math.floor(ports.nowMs() / 1000),
  };
  let stream: ReturnType<typeof openStream> | undefined;
  let over = false;

  const chunk = (delta: object, finish: string | null): void => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    const usage = chat.includeUsage ? { usage: null } : {};
    stream?.send(toLine({ ...base, model: chat.model, choices, ...usage }));
  };
  const begin = (): void => {
    if (stream !== undefined || over) return;
    clearTimeout(patience);
    stream = openStream(reply.raw, headersOf(agent, taskId), () => finish());
    chunk({ role: "assistant", content: "", refusal: null }, null);
  };
  const finish = (): void => {
    over = true;
    clearTimeout(patience);
    stream?.end();
  };
  const failWith = (error: GoclawError): void => {
    if (over) return;
    if (stream === undefined) sendRawError(reply, error);
    else stream.send(toLine(wireError(error.code, error.message)));
    finish();
  };
  const add = (piece: string | undefined): void => {
    if (over) return;
    if (piece === undefined) {
      const message = `the answer was started anew after a failure and differs; read task ${taskId} for the whole of it`;
      failWith(new GoclawError("RETRY_PROVIDER_NETWORK", message));
    } else if (piece !== "") {
      begin();
      chunk({ content: piece }, null);
    }
  };
  const patience = setTimeout(begin, HEADERS_PATIENCE_MS);

  const view: Followed = {
    onDelta: (delta) => add(text.accept(delta)),
    onEvent: (event) => {
      if (event.type !== "model.end" || event.payload.draft === true) return;
      const turn = Number(event.payload.turn);
      add(text.accept({ turn, offset: 0, text: ports.follower.turnText(taskId, turn), final: true }));
    },
  };
  waitForEnd(ports, request, taskId, reply, view).then(
    ({ task, finishReason }) => {
      if (over) return;
      begin();
      // Data was checked before it is shown, so it comes in one piece.
      if (task.result?.structured !== undefined) chunk({ content: task.result.text }, null);
      chunk({}, finishReason);
      if (chat.includeUsage)
        stream?.send(toLine({ ...base, model: chat.model, choices: [], usage: usageOf(task) }));
      stream?.send("[DONE]");
      finish();
    },
    (error: GoclawError) => failWith(error),
  );
  reply.raw.on("close", finish);
}

const HEADERS_PATIENCE_MS = 10_000;
