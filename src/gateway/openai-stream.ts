// A chat completion of an agent as a stream of chunks: a projection of the task's text in flight and of its events.

import { GoclawError } from "../domain/error.ts";
import { createAnswerText } from "../rpc/answer-text.ts";
import type { Followed } from "../rpc/follow.ts";
import { openChunks } from "./openai-chunks.ts";
import { type Completion, type OpenAiPorts, usageOf, waitForEnd } from "./openai-completion.ts";

export function answerStream(ports: OpenAiPorts, completion: Completion): void {
  const { chat, taskId } = completion;
  const chunks = openChunks(completion, ports.nowMs());
  const text = createAnswerText();

  const add = (piece: string | undefined): void => {
    if (piece === undefined) chunks.fail(startedAnew(taskId));
    else if (piece !== "") chunks.send({ content: piece });
  };
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
      // Data was checked before it is shown, so it comes in one piece.
      if (task.result?.structured !== undefined) chunks.send({ content: task.result.text });
      chunks.finish(finishReason, chat.includeUsage ? usageOf(task) : undefined);
    },
    (error: GoclawError) => chunks.fail(error),
  );
}

export function startedAnew(taskId: string): GoclawError {
  const message = `the answer was started anew after a failure and differs; read task ${taskId} for the whole of it`;
  return new GoclawError("RETRY_PROVIDER_NETWORK", message);
}
