// A client's own request to a model: a durable task runs it without an agent, and its answer goes back in the words of
// chat completions. Nobody but the client wants the answer: when it hangs up, the model is hung up on as well.

import type { FastifyReply, FastifyRequest } from "fastify";
import type { Passage } from "../domain/passage.ts";
import { checkModelWish, submit } from "../rpc/methods/submit.ts";
import { cancelTask } from "../rpc/methods/task.ts";
import { ParamError } from "./errors.ts";
import { whenGone } from "./gone.ts";
import { modelNotFound } from "./models.ts";
import { type Completion, type OpenAiPorts, waitForEnd, wholeAnswer } from "./openai-completion.ts";
import { toMessage, toUsage } from "./passage-answer.ts";
import { streamPassage } from "./passage-stream.ts";
import { createAnswerer, wantedHeaders } from "./route-headers.ts";

/** Answers a request for `model`, which is no agent. */
export async function answerPassage(
  ports: OpenAiPorts,
  request: FastifyRequest,
  reply: FastifyReply,
  model: string,
): Promise<unknown> {
  const { routes, shapeFault } = ports.rpc.ports;
  const isRouted = routes.takes(model);
  const link = isRouted ? null : routes.named(model);
  if (link === undefined) {
    checkModelWish(ports.rpc.ports, model);
    throw modelNotFound(model);
  }
  // Loaded at the first request: a start does not pay for the schema compiler.
  const { readPassageRequest } = await import("./passage-request.ts");
  const { stream, includeUsage, prompt, passage: read } = await readPassageRequest(request.body, shapeFault);
  const passage: Passage = { ...read, link };
  const lack = routes.lackOf(passage);
  if (lack !== undefined) throw new ParamError(lack.param, lack.message);

  const key = request.headers["idempotency-key"];
  const params = {
    ...{ agent: "default", model, prompt, passage },
    // With a key a request outlives the daemon; without one nobody would take a second attempt's answer.
    ...(key === undefined ? link !== null && { max_attempts: 1 } : { idempotency_key: key }),
    ...wantedHeaders(routes.headerNames, request),
  };
  const { taskId } = await ports.rpc.call(submit, params, request.caller);
  const answerer = createAnswerer(taskId, link && { ...link, rule: "model" });
  const chat = { model, stream, includeUsage };
  const completion = { request, reply, chat, taskId, answerer, waitsShortly: true };
  // With a key of its own the request can be made again, and then finds the answer.
  if (key === undefined) cancelWhenGone(ports, completion);
  if (!stream) return answerWhole(ports, completion);
  streamPassage(ports, completion);
  return reply;
}

function cancelWhenGone(ports: OpenAiPorts, { request, reply, taskId }: Completion): void {
  whenGone(reply.raw, () => {
    if (reply.raw.writableFinished) return;
    // It may have ended in this moment; then there is nothing to cancel.
    ports.rpc.call(cancelTask, { task_id: taskId }, request.caller).catch(() => {});
  });
}

async function answerWhole(ports: OpenAiPorts, completion: Completion): Promise<unknown> {
  const { reply, taskId, answerer } = completion;
  let usage: object | undefined;
  const ended = await waitForEnd(ports, completion, {
    onDelta: () => {},
    onEvent: (event) => {
      if (event.type === "model.end") usage = toUsage(event);
    },
  }).finally(() => {
    // As in answers of agents.
    reply.headers(answerer.headers());
  });
  const answer = ports.follower.answers(taskId).at(-1);
  return wholeAnswer(completion, ended, answer === undefined ? null : toMessage(answer), usage);
}
