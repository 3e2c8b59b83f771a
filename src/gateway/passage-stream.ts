// A model's answer as a stream of chunks, while it is given: text, reasoning and the arguments of calls as they come, and
// from the whole answer whatever did not come as it was said.

import type { GoclawError } from "../domain/error.ts";
import type { Answer } from "../domain/message.ts";
import { createAnswerText } from "../rpc/answer-text.ts";
import type { Followed } from "../rpc/follow.ts";
import { openChunks } from "./openai-chunks.ts";
import { type Completion, type OpenAiPorts, waitForEnd } from "./openai-completion.ts";
import { startedAnew } from "./openai-stream.ts";
import { type ChoiceDelta, createSaid, toUsage } from "./passage-answer.ts";

export function streamPassage(ports: OpenAiPorts, completion: Completion): void {
  const { taskId, chat } = completion;
  const chunks = openChunks(completion, ports.nowMs());
  const text = createAnswerText();
  const said = createSaid();
  let usage: object | undefined;

  const add = (deltas: readonly ChoiceDelta[] | undefined): void => {
    if (deltas === undefined) chunks.fail(startedAnew(taskId));
    else for (const delta of deltas) chunks.send(delta);
  };
  const say = (piece: string | undefined): void =>
    add(piece === undefined ? undefined : piece === "" ? [] : [{ content: piece }]);
  const complete = (answer: Answer): void => {
    say(text.accept({ turn: 0, offset: 0, text: answer.text, final: true }));
    add(said.finish(answer));
  };
  const view: Followed = {
    onDelta: (delta) => say(text.accept(delta)),
    onAnswerDelta: ({ piece }) => add(said.accept(piece)),
    onEvent: (event) => {
      if (event.type !== "model.end") return;
      usage = toUsage(event);
      const answer = ports.follower.answers(taskId).at(-1);
      if (answer !== undefined) complete(answer);
    },
  };
  waitForEnd(ports, completion, view).then(
    ({ finishReason }) => chunks.finish(finishReason, chat.includeUsage ? (usage ?? null) : undefined),
    (error: GoclawError) => chunks.fail(error),
  );
}
