// The task routes as a client uses them, with the shapes of CONTRACT section 6.

import { isTerminal, type TaskState } from "../../src/domain/task.ts";
import type { Client } from "./http.ts";
import { until } from "./wait.ts";

export interface WireTask {
  readonly id: string;
  readonly session_id: string;
  readonly agent_id: string;
  readonly state: TaskState;
  readonly attempt: number;
  readonly max_attempts: number;
  readonly priority: number;
  readonly reason_code?: string | null;
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly prompt: string;
  readonly result?: { readonly text: string } | null;
  readonly usage: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly cost_usd: number | null;
  };
  readonly created_at: string;
  readonly finished_at?: string | null;
}

export interface WireEvent {
  readonly seq: number;
  readonly task_id: string;
  readonly type: string;
  readonly state_from?: TaskState | null;
  readonly state_to?: TaskState | null;
  readonly attempt: number;
  readonly reason_code?: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly at: string;
}

/** Submits a prompt and returns the acknowledged task id; anything but 202 is an error. */
export async function submit(
  client: Client,
  prompt: string,
  more: object = {},
  key?: string,
): Promise<string> {
  const headers = key === undefined ? {} : { "idempotency-key": key };
  const reply = await client.post("/api/v1/tasks", { agent: "default", prompt, ...more }, headers);
  if (reply.status !== 202) throw new Error(`submission got ${reply.status}: ${reply.text}`);
  return reply.json<{ task_id: string }>().task_id;
}

export async function readTask(client: Client, id: string): Promise<WireTask> {
  const reply = await client.get(`/api/v1/tasks/${id}`);
  if (reply.status !== 200) throw new Error(`task ${id} got ${reply.status}: ${reply.text}`);
  return reply.json<{ task: WireTask }>().task;
}

/** Every event of a task, page by page. */
export async function readEvents(client: Client, id: string): Promise<WireEvent[]> {
  const events: WireEvent[] = [];
  let cursor: string | number | null | undefined;
  do {
    const query = cursor ? `?cursor=${encodeURIComponent(String(cursor))}` : "";
    const reply = await client.get(`/api/v1/tasks/${id}/events${query}`);
    if (reply.status !== 200) throw new Error(`events of ${id} got ${reply.status}: ${reply.text}`);
    const page = reply.json<{ events: WireEvent[]; next_cursor?: string | number | null }>();
    events.push(...page.events);
    cursor = page.next_cursor;
  } while (cursor);
  return events;
}

export function taskWhere(
  client: Client,
  id: string,
  what: string,
  test: (task: WireTask) => boolean,
  deadlineMs?: number,
): Promise<WireTask> {
  let last: WireTask | undefined;
  const probe = async (): Promise<WireTask | undefined> => {
    last = await readTask(client, id);
    return test(last) ? last : undefined;
  };
  return until(`task ${id} ${what}`, probe, deadlineMs).catch((error: Error) => {
    throw new Error(`${error.message}; last seen ${JSON.stringify(last)}`, { cause: error });
  });
}

export function ended(client: Client, id: string, deadlineMs?: number): Promise<WireTask> {
  return taskWhere(client, id, "ended", (task) => isTerminal(task.state), deadlineMs);
}
