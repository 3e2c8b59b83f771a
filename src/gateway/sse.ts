// GET /api/v1/task/stream: one task's events as they happen, resumable with Last-Event-ID. Durable events carry ids;
// text in flight does not, and comes again whole with the turn's end, so a client places text by turn and offset.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { GoclawError } from "../domain/error.ts";
import type { DurableEvent } from "../domain/event.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Follower } from "../rpc/follow.ts";
import { getTask } from "../rpc/methods/task.ts";
import { toWireEvent, type WireTask } from "../rpc/wire.ts";
import { type EventStream, openStream, toLine } from "./stream.ts";

export interface SsePorts {
  readonly rpc: Rpc;
  readonly follower: Follower;
}

export function sseRoutes(app: FastifyInstance, { rpc, follower }: SsePorts): void {
  app.get("/api/v1/task/stream", async (request, reply) => {
    const taskId = (request.query as { task_id?: string }).task_id;
    if (taskId === undefined)
      throw new GoclawError("BAD_REQUEST", "name the task: /api/v1/task/stream?task_id=ID");
    const after = lastEventId(request);
    const read = async (): Promise<WireTask> =>
      (await rpc.call(getTask, { task_id: taskId }, request.caller)).task;
    const { trace_id } = await read(); // 404 and 403 come before the stream starts
    reply.hijack();
    let stop: () => void = () => {};
    let closed = false;
    const stream = openStream(reply.raw, { "x-goclaw-task": taskId }, () => {
      closed = true;
      stop();
    });
    stop = follower.follow(taskId, after, createProjection(stream, follower, taskId, trace_id, read));
    if (closed) stop();
  });
}

function createProjection(
  stream: EventStream,
  follower: Follower,
  taskId: string,
  traceId: string,
  read: () => Promise<WireTask>,
) {
  let ended = false;
  let isCaughtUp = false;
  const end = (task: WireTask): void => {
    if (ended) return;
    ended = true;
    if (task.state === "SUCCEEDED") stream.send(toLine({ task }), "done");
    else stream.send(toLine({ error: task.error ?? { code: task.reason_code, message: "" }, task }), "error");
    stream.end();
  };
  const isOver = (task: WireTask): boolean => task.finished_at !== undefined;
  const endWhenOver = (): void => {
    read().then(
      (task) => isOver(task) && end(task),
      () => stream.end(),
    );
  };
  return {
    pressure: stream.pressure,
    // A cursor at or past the end finds nothing to deliver: the task's own state says whether to go on waiting.
    onCaughtUp: () => {
      isCaughtUp = true;
      endWhenOver();
    },
    onDelta: ({ turn, offset, text }: { turn: number; offset: number; text: string }) =>
      stream.send(toLine({ turn, offset, text }), "token"),
    onEvent: (event: DurableEvent) => {
      if (event.type === "model.end" && event.payload.draft !== true) {
        const turn = Number(event.payload.turn);
        stream.send(
          toLine({ turn, offset: 0, text: follower.turnText(taskId, turn), final: true }),
          "token",
          event.seq,
        );
      } else {
        const name = event.to === null ? "tool" : "status";
        stream.send(toLine(toWireEvent(event, traceId)), name, event.seq);
      }
      // FAILED may be followed by DEAD_LETTER in the same commit, so the task is asked after this turn of the loop.
      if (event.to !== null && isCaughtUp) setImmediate(endWhenOver);
    },
  };
}

function lastEventId(request: FastifyRequest): number {
  const value = request.headers["last-event-id"];
  if (value === undefined || value === "") return 0;
  if (typeof value !== "string" || !/^\d{1,15}$/.test(value)) {
    throw new GoclawError("BAD_REQUEST", "Last-Event-ID must be the number of an event");
  }
  return Number(value);
}
