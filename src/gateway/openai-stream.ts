// A chat completion as a stream of chunks: a projection of the task's text in flight and of its events.

import { GoclawError } from "../domain/error.ts";
import { createAnswerText } from "../rpc/answer-text.ts";
import type { Followed } from "../rpc/follow.ts";
import { sendRawError, wireError } from "./errors.ts";
import { type Completion, type OpenAiPorts, usageOf, waitForEnd } from "./openai-wait.ts";
import { openStream, toLine } from "./stream.ts";

/**
 * Streams chunks. The status line waits for the first sign of an answer, so that a task which fails at once is an HTTP
 * error; after that an error is a last event without [DONE].
 */
export function answerStream(ports: OpenAiPorts, completion: Completion): void {
  const { reply, chat, taskId, answerer } = completion;
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
    stream = openStream(reply.raw, answerer.headers(), () => finish());
    chunk({ role: "assistant", content: "", refusal: null }, null);
  };
  const finish = (): void => {
    over = true;
    clearTimeout(patience);
    stream?.end();
  };
  const failWith = (error: GoclawError): void => {
    if (over) return;
    if (stream === undefined) sendRawError(reply, error, answerer.headers());
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
  waitForEnd(ports, completion, view).then(
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

/** Clients give up on a response without a status line; a task that still waits for a lane is told as `pending`. */
const HEADERS_PATIENCE_MS = 10_000;
