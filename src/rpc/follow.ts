// Follows one task: its events from a cursor, without gap or repetition, then live ones together with the text in
// flight. SSE, chat completions and every other view of a running task are projections of this.

import type { Bus } from "../bus/bus.ts";
import { type DurableEvent, isDurable, type TextDelta } from "../domain/event.ts";
import { SUSPENSIONS, type TaskState } from "../domain/task.ts";
import { answerText } from "../journal/answers.ts";
import type { Reader } from "../store/reader.ts";
import { taskEvents } from "../store/tasks.ts";

export interface Followed {
  onEvent(event: DurableEvent): void;
  /** A piece of an answer in flight; may be missing or come again after a retry, `offset` tells. */
  onDelta(delta: TextDelta): void;
}

export interface Follower {
  /** Delivers what is there, then live events until `stop`. Returns stop. */
  follow(taskId: string, after: number, followed: Followed): () => void;
  /** The whole text of a turn whose `model.end` was seen. */
  turnText(taskId: string, turn: number): string;
}

const PAGE = 500;

export function createFollower(reader: Reader, bus: Bus): Follower {
  return {
    turnText: (taskId, turn) => answerText(reader, taskId, turn) ?? "",
    follow: (taskId, after, followed) => {
      let last = after;
      const deliver = (event: DurableEvent): void => {
        if (event.seq <= last) return;
        last = event.seq;
        followed.onEvent(event);
      };
      // Reading and subscribing happen in one turn of the event loop: what commits meanwhile is published later and
      // told apart by its sequence number.
      const stop = bus.subscribeTask(taskId, (event) => {
        if (isDurable(event)) deliver(event);
        else followed.onDelta(event);
      });
      for (;;) {
        const page = taskEvents(reader, taskId, last, PAGE);
        for (const event of page) deliver(event);
        if (page.length < PAGE) break;
      }
      return stop;
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
