// What is said to whoever put a task into the queue: where it is, and the task itself to those who may read it. That they
// may not is no reason to refuse what was accepted already.

import type { Enqueued } from "../queue/enqueue.ts";
import type { Rpc } from "./dispatch.ts";
import { may } from "./key-scope.ts";
import type { Caller, Method } from "./method.ts";
import { getTask } from "./methods/task.ts";
import type { WireTask } from "./wire.ts";

export interface Accepted {
  readonly task_id: string;
  readonly session_id: string;
  readonly task?: WireTask;
}

export async function accept<Params>(
  rpc: Rpc,
  method: Method<Params, Enqueued>,
  params: unknown,
  caller: Caller,
): Promise<Accepted> {
  const { taskId, sessionId } = await rpc.call(method, params, caller);
  const accepted = { task_id: taskId, session_id: sessionId };
  if (!may(rpc.ports, caller, getTask.capability)) return accepted;
  return { ...accepted, ...(await rpc.call(getTask, { task_id: taskId }, caller)) };
}
