// Follows one task: its events from a cursor, without gap or repetition, then live ones together with the text in
// flight. SSE, chat completions and every other view of a running task are projections of this.

import type { Bus } from "../bus/bus.ts";
import { type AnswerDelta, type DurableEvent, isDurable, type TextDelta } from "../domain/event.ts";
import type { Answer } from "../domain/message.ts";
import { SUSPENSIONS, type TaskState } from "../domain/task.ts";
import { answerText, loadAnswers } from "../journal/answers.ts";
import type { Reader } from "../store/reader.ts";
import { taskEvents } from "../store/tasks.ts";

export interface Followed {
  onEvent(event: DurableEvent): void;
  /** A piece of an answer in flight; may be missing or come again after a retry, `offset` tells. */
  onDelta(delta: TextDelta): void;
  /** The same of what is no text: reasoning, and arguments of tool calls. */
  onAnswerDelta?(delta: AnswerDelta): void;
  /** A promise while the reader is behind: what is in the log waits for it instead of filling memory. */
  pressure?(): Promise<void> | undefined;
  /** Everything that was in the log has been delivered; from here on events come as they happen. */
  onCaughtUp?(): void;
}

export interface Follower {
  /** Delivers what is there, then live events until `stop`. Returns stop. */
  follow(taskId: string, after: number, followed: Followed): () => void;
  /** The whole text of a turn whose `model.end` was seen. */
  turnText(taskId: string, turn: number): string;
  /** The whole answers of a task so far, in turn order. */
  answers(taskId: string): readonly Answer[];
}

const PAGE = 500;

export function createFollower(reader: Reader, bus: Bus): Follower {
  return {
    turnText: (taskId, turn) => answerText(reader, taskId, turn) ?? "",
    answers: (taskId) => loadAnswers(reader, taskId),
    follow: (taskId, after, followed) => {
      let last = after;
      let isCaughtUp = false;
      let isStopped = false;
      const deliver = (event: DurableEvent): void => {
        if (event.seq <= last) return;
        last = event.seq;
        followed.onEvent(event);
      };
      // While the log is being read, live events are left out: they are in the log too. The last page and the change
      // to live events happen in one turn of the event loop, so nothing falls between them.
      const unsubscribe = bus.subscribeTask(taskId, (event) => {
        if (!isCaughtUp) return;
        if (isDurable(event)) deliver(event);
        else if (event.type === "text.delta") followed.onDelta(event);
        else followed.onAnswerDelta?.(event);
      });
      const catchUp = (): void => {
        for (;;) {
          const page = taskEvents(reader, taskId, last, PAGE);
          for (const event of page) {
            if (isStopped) return;
            deliver(event);
            const pressure = followed.pressure?.();
            if (pressure !== undefined) return void pressure.then(catchUp);
          }
          if (page.length < PAGE) break;
        }
        isCaughtUp = true;
        followed.onCaughtUp?.();
      };
      catchUp();
      return () => {
        isStopped = true;
        unsubscribe();
      };
    },
  };
}

/** The reason a task waits for somebody, if this event says so. */
export function suspensionOf(event: DurableEvent): string | undefined {
  const reason = event.reasonCode ?? "";
  return event.to === ("RETRY_WAIT" satisfies TaskState) &&
    (SUSPENSIONS as readonly string[]).includes(reason)
    ? reason
    : undefined;
}
