// `agent.chat.stream`: the answer of a task while it is made, then the whole of it. The task is durable: a client that
// goes away leaves it running, and finds it again under its id.

import { CODES, type Code, GoclawError } from "../domain/error.ts";
import { isTerminal } from "../domain/task.ts";
import { createAnswerText } from "../rpc/answer-text.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Follower } from "../rpc/follow.ts";
import type { Caller } from "../rpc/method.ts";
import { agentChatStream } from "../rpc/methods/agent.ts";
import { getTask } from "../rpc/methods/task.ts";
import type { WireTask } from "../rpc/wire.ts";
import { notificationOf } from "./json-rpc.ts";
import type { Peer } from "./peer.ts";

const STREAMS_MAX = 64;

export async function streamChat(
  rpc: Rpc,
  follower: Follower,
  peer: Peer,
  params: unknown,
  caller: Caller,
): Promise<object> {
  if (peer.streams >= STREAMS_MAX)
    throw new GoclawError("LIMIT_RATE", `a connection may have ${STREAMS_MAX} streams at once`);
  peer.streams++;
  try {
    // The answer is read from the task: who may not read it is told so before there is one.
    await rpc.admit(getTask, caller);
    const chat = await rpc.call(agentChatStream, params, caller);
    const text = createAnswerText();
    const say = (content: string | undefined): void => {
      if (content === undefined) throw restarted(chat.task_id);
      if (content !== "") peer.outbox.send(notificationOf("agent.chat.stream", { ...chat, content }));
    };
    await followToEnd(follower, peer, chat.task_id, text, say);
    const { task } = await rpc.call(getTask, { task_id: chat.task_id }, caller);
    if (task.state !== "SUCCEEDED") throw failureOf(task);
    const content = task.result?.text ?? "";
    // Data was checked before it is shown, so it comes in one piece.
    say(text.finish(content));
    return { ...chat, content, task };
  } finally {
    peer.streams--;
  }
}

/** Resolves when the task has ended or the connection has; rejects with what `say` throws. */
function followToEnd(
  follower: Follower,
  peer: Peer,
  taskId: string,
  text: ReturnType<typeof createAnswerText>,
  say: (content: string | undefined) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      reject(error);
    }
  };
  const stop = follower.follow(taskId, 0, {
    pressure: peer.outbox.pressure,
    onDelta: (delta) => attempt(() => say(text.accept(delta))),
    onEvent: (event) => {
      if (event.type === "model.end" && event.payload.draft !== true) {
        const turn = Number(event.payload.turn);
        const whole = follower.turnText(taskId, turn);
        attempt(() => say(text.accept({ turn, offset: 0, text: whole, final: true })));
      }
      // FAILED may be followed by DEAD_LETTER in the same commit; the task is read after both.
      if (event.to !== null && isTerminal(event.to)) setImmediate(resolve);
    },
  });
  const leave = (): void => resolve();
  peer.closed.addEventListener("abort", leave, { once: true });
  if (peer.closed.aborted) leave();
  return promise.finally(() => {
    stop();
    peer.closed.removeEventListener("abort", leave);
  });
}

function restarted(taskId: string): GoclawError {
  const message = `the answer was started anew after a failure and differs; read task ${taskId} for the whole of it`;
  return new GoclawError("RETRY_PROVIDER_NETWORK", message);
}

function failureOf(task: WireTask): GoclawError {
  const code = task.error?.code ?? task.reason_code ?? "INTERNAL";
  const message = `${task.error?.message ?? task.state} (task ${task.id} is ${task.state}; goclaw task why ${task.id})`;
  return new GoclawError(code in CODES ? (code as Code) : "INTERNAL", message);
}
