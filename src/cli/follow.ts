// Follows one task over the daemon's event stream to its end. A stream that breaks is taken up again after the last
// event that was seen, by the same daemon or the next one; events come once and in order.

import { setTimeout as pause } from "node:timers/promises";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { Piece } from "../rpc/answer-text.ts";
import type { WireEvent, WireTask } from "../rpc/wire.ts";
import { LostDaemon } from "./api.ts";
import type { Link } from "./link.ts";

export interface FollowHandlers {
  readonly onEvent: (event: WireEvent) => void;
  readonly onPiece: (piece: Piece) => void;
  /** The stream broke and is being taken up again. */
  readonly onBreak: (error: LostDaemon) => void;
}

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 2_000;
const BREAKS_MAX = 60;

/** Resolves with the task when it has ended; undefined when `signal` was aborted first. */
export async function followTask(
  link: Link,
  taskId: string,
  handlers: FollowHandlers,
  signal: AbortSignal,
): Promise<WireTask | undefined> {
  const progress: Progress = { lastSeq: 0, pauseMs: PAUSE_MIN_MS, breaks: 0 };
  while (!signal.aborted) {
    try {
      const task = await readStream(link, taskId, handlers, progress, signal);
      if (task !== undefined) return task;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof LostDaemon) || ++progress.breaks > BREAKS_MAX) throw error;
      handlers.onBreak(error);
    }
    await pause(progress.pauseMs, undefined, { signal }).catch(() => {});
    progress.pauseMs = Math.min(PAUSE_MAX_MS, progress.pauseMs * 2);
    if (!signal.aborted) await link.renew();
  }
  return undefined;
}

interface Progress {
  lastSeq: number;
  pauseMs: number;
  breaks: number;
}

/** Reads one stream to its end; returns the task when it said that the task is over. */
async function readStream(
  link: Link,
  taskId: string,
  handlers: FollowHandlers,
  progress: Progress,
  signal: AbortSignal,
): Promise<WireTask | undefined> {
  const headers: Record<string, string> =
    progress.lastSeq === 0 ? {} : { "last-event-id": String(progress.lastSeq) };
  const path = `/api/v1/task/stream?task_id=${encodeURIComponent(taskId)}`;
  const response = await link.api.open(path, headers, signal);
  let ended: WireTask | undefined;
  const parser = createParser({
    onEvent: (message) => {
      progress.pauseMs = PAUSE_MIN_MS;
      progress.breaks = 0;
      ended ??= take(message, handlers, progress);
    },
  });
  response.setEncoding("utf8");
  try {
    for await (const text of response) {
      parser.feed(text as string);
      if (ended !== undefined) break;
    }
  } catch (error) {
    if (ended === undefined)
      throw new LostDaemon("the daemon broke off in the middle of the stream", { cause: error });
  } finally {
    response.destroy();
  }
  return ended;
}

/** Hands one message on; returns the task when the message ends it. */
function take(
  message: EventSourceMessage,
  handlers: FollowHandlers,
  progress: Progress,
): WireTask | undefined {
  const data = JSON.parse(message.data) as unknown;
  const seq = Number(message.id ?? 0);
  if (message.event === "token") {
    handlers.onPiece(data as Piece);
    if (seq > progress.lastSeq) progress.lastSeq = seq;
    return undefined;
  }
  if (message.event === "status" || message.event === "tool") {
    const event = data as WireEvent;
    if (event.seq > progress.lastSeq) {
      progress.lastSeq = event.seq;
      handlers.onEvent(event);
    }
    return undefined;
  }
  if (message.event === "done" || message.event === "error") return (data as { task?: WireTask }).task;
  return undefined;
}
