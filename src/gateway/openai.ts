// POST /v1/chat/completions and GET /v1/models. Every request is a durable task: of an agent, which goes on when its
// client hangs up, or a client's own request to a model (passage.ts). The answer is a projection of the task's events.

import type { FastifyInstance } from "fastify";
import { submit } from "../rpc/methods/submit.ts";
import { getTask } from "../rpc/methods/task.ts";
import { ParamError } from "./errors.ts";
import { agentOf, modelNotFound, modelRoutes } from "./models.ts";
import { type Completion, type OpenAiPorts, usageOf, waitForEnd, wholeAnswer } from "./openai-completion.ts";
import { answerStream } from "./openai-stream.ts";
import { answerPassage } from "./passage.ts";
import { createAnswerer, wantedHeaders } from "./route-headers.ts";

export function openAiRoutes(app: FastifyInstance, ports: OpenAiPorts): void {
  const { agents, routes: routed } = ports.rpc.ports;
  modelRoutes(app, ports.rpc, Math.floor(ports.nowMs() / 1000));

  app.post("/v1/chat/completions", async (request, reply) => {
    // The answer is read from the task: who may not read it is told so before there is one.
    await ports.rpc.admit(getTask, request.caller);
    const model = (request.body as { readonly model?: unknown } | null)?.model;
    // A name that no agent has is a model's, and the conversation is the client's own.
    if (typeof model === "string" && model !== "" && agentOf(model) === "")
      return answerPassage(ports, request, reply, model);
    // Loaded at the first request: a start does not pay for the schema compiler.
    const { readChatRequest } = await import("./openai-request.ts");
    const chat = readChatRequest(request.body);
    const agent = agents.find(({ id }) => id === chat.submit.agent);
    if (agent === undefined) throw modelNotFound(chat.model);
    if (chat.submit.prompt.trim() === "")
      throw new ParamError("messages", "messages: the last message is empty");
    const key = request.headers["idempotency-key"];
    const params = {
      ...chat.submit,
      ...(key === undefined ? {} : { idempotency_key: key }),
      ...wantedHeaders(routed.headerNames, request),
    };
    const { taskId } = await ports.rpc.call(submit, params, request.caller);
    const { provider, model: own, id } = agent;
    const direct = agent.routed === undefined ? { provider, model: own, rule: `agent:${id}` } : null;
    const answerer = createAnswerer(taskId, direct);
    const completion = { request, reply, chat, taskId, answerer };
    if (!chat.stream) return answerWhole(ports, completion);
    answerStream(ports, completion);
    return reply;
  });
}

async function answerWhole(ports: OpenAiPorts, completion: Completion): Promise<unknown> {
  const { reply, answerer } = completion;
  const ended = await waitForEnd(ports, completion).finally(() => {
    // Also with an error: the client may want to know whose it is. Nothing is returned: a reply is thenable.
    reply.headers(answerer.headers());
  });
  const { task } = ended;
  const message = { role: "assistant", content: task.result?.text ?? "", refusal: null };
  return wholeAnswer(completion, ended, message, usageOf(task));
}
