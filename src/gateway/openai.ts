// POST /v1/chat/completions and GET /v1/models. Every request is a durable task, of an agent or, for `auto` and the tiers,
// of the client's own conversation; the answer is a projection of its events. A client that hangs up leaves it running.

import type { FastifyInstance } from "fastify";
import { submit } from "../rpc/methods/submit.ts";
import { getTask } from "../rpc/methods/task.ts";
import { ParamError } from "./errors.ts";
import { modelNotFound, modelRoutes } from "./models.ts";
import { answerStream } from "./openai-stream.ts";
import { type Completion, type OpenAiPorts, usageOf, waitForEnd } from "./openai-wait.ts";
import { createAnswerer, wantedHeaders } from "./route-headers.ts";

export function openAiRoutes(app: FastifyInstance, ports: OpenAiPorts): void {
  const { agents, routes: routed } = ports.rpc.ports;
  modelRoutes(app, ports.rpc, Math.floor(ports.nowMs() / 1000));

  app.post("/v1/chat/completions", async (request, reply) => {
    // The answer is read from the task: who may not read it is told so before there is one.
    await ports.rpc.admit(getTask, request.caller);
    // Loaded at the first request: a start does not pay for the schema compiler.
    const { readChatRequest } = await import("./openai-request.ts");
    const chat = readChatRequest(request.body);
    // A name that an agent has is the agent; what routing takes is the client's own conversation.
    const passes = chat.submit.agent === "" && routed.takes(chat.model);
    const target = passes ? { agent: "default", model: chat.model, passthrough: true } : {};
    const submission = { ...chat.submit, ...target };
    const agent = agents.find(({ id }) => id === submission.agent);
    if (agent === undefined) throw modelNotFound(chat.model);
    if (chat.submit.prompt.trim() === "")
      throw new ParamError("messages", "messages: the last message is empty");
    const key = request.headers["idempotency-key"];
    const params = {
      ...submission,
      ...(key === undefined ? {} : { idempotency_key: key }),
      ...wantedHeaders(routed.headerNames, request),
    };
    const { taskId } = await ports.rpc.call(submit, params, request.caller);
    const isRouted = passes || agent.routed !== undefined;
    const answerer = createAnswerer(taskId, agent, isRouted);
    const completion = { request, reply, chat, taskId, answerer };
    if (!chat.stream) return answerWhole(ports, completion);
    answerStream(ports, completion);
    return reply;
  });
}

async function answerWhole(ports: OpenAiPorts, completion: Completion): Promise<unknown> {
  const { reply, chat, taskId, answerer } = completion;
  const { task, finishReason } = await waitForEnd(ports, completion).finally(() => {
    // Also with an error: the client may want to know whose it is. Nothing is returned: a reply is thenable.
    reply.headers(answerer.headers());
  });
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
