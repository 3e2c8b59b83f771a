// `task.get|list|events|cancel|retry|resolve`: looking at tasks, and an operator's hand on them.

import { UUID_PATTERN } from "../../domain/ids.ts";
import { TASK_STATES, type TaskState } from "../../domain/task.ts";
import { resolveEffect } from "../../journal/resolve.ts";
import { cancel as cancelVerb } from "../../queue/cancel.ts";
import { taskNotFound } from "../../queue/find.ts";
import { retryDeadLetter } from "../../queue/retry.ts";
import type { Reader } from "../../store/reader.ts";
import { findTaskById, listTasks, taskEvents } from "../../store/tasks.ts";
import { requireAgent, requireTask } from "../key-scope.ts";
import { defineMethod, type Method, paramsOf } from "../method.ts";
import { toWireEvent, toWireTask, type WireEvent, type WireTask } from "../wire.ts";

interface ById {
  readonly task_id: string;
}
interface OneTask {
  readonly task: WireTask;
}

const taskId = { type: "string", minLength: 1, maxLength: 64 };
const limit = { type: "integer", minimum: 1, maximum: 500 };

function one(reader: Reader, id: string): OneTask {
  const task = findTaskById(reader, id);
  if (task === undefined) throw taskNotFound(id);
  return { task: toWireTask(task) };
}

/** An API key may look at, and cancel, the tasks of its own agents. */
const ofOwnTask: NonNullable<Method<ById, unknown>["forKey"]> = ({ store }, params, key) => {
  requireTask(store.reader, key, params.task_id);
  return params;
};

export const getTask = defineMethod<ById, OneTask>({
  name: "task.get",
  capability: "acp.read",
  params: paramsOf({ task_id: taskId }, ["task_id"]),
  forKey: ofOwnTask,
  run: async ({ store }, { task_id }) => one(store.reader, task_id),
});

export interface ListParams {
  readonly state?: TaskState;
  readonly agent?: string;
  readonly session?: string;
  readonly cursor?: string;
  readonly limit?: number;
  /** What an API key narrows the list to; no client can send it. */
  readonly agents?: readonly string[];
}

export const listTask = defineMethod<ListParams, { tasks: WireTask[]; next_cursor: string | null }>({
  name: "task.list",
  capability: "acp.read",
  params: paramsOf({
    state: { enum: TASK_STATES },
    agent: { type: "string" },
    session: { type: "string", pattern: UUID_PATTERN.source },
    cursor: { type: "string", pattern: UUID_PATTERN.source },
    limit,
  }),
  forKey: (_ports, params, key) => {
    if (params.agent !== undefined) requireAgent(key, params.agent);
    return key.agents.includes("*") ? params : { ...params, agents: key.agents };
  },
  run: async ({ store }, params) => {
    const asked = params.limit ?? 50;
    const tasks = listTasks(store.reader, {
      state: params.state ?? null,
      agentIds: params.agent === undefined ? (params.agents ?? null) : [params.agent],
      sessionId: params.session ?? null,
      cursor: params.cursor ?? null,
      limit: asked + 1,
    });
    const page = tasks.slice(0, asked);
    return {
      tasks: page.map(toWireTask),
      next_cursor: tasks.length > asked ? (page.at(-1)?.id ?? null) : null,
    };
  },
});

export const listEvents = defineMethod<
  ById & { readonly after?: number; readonly limit?: number },
  { events: WireEvent[]; next_cursor: number | null }
>({
  name: "task.events",
  capability: "acp.read",
  params: paramsOf({ task_id: taskId, after: { type: "integer", minimum: 0 }, limit }, ["task_id"]),
  forKey: (ports, params, key) => {
    requireTask(ports.store.reader, key, params.task_id);
    return params;
  },
  run: async ({ store }, { task_id, after = 0, limit: asked = 200 }) => {
    const { task } = one(store.reader, task_id);
    const events = taskEvents(store.reader, task_id, after, asked + 1);
    const page = events.slice(0, asked);
    return {
      events: page.map((event) => toWireEvent(event, task.trace_id)),
      next_cursor: events.length > asked ? (page.at(-1)?.seq ?? null) : null,
    };
  },
});

export const cancelTask = defineMethod<ById, OneTask>({
  name: "task.cancel",
  capability: "acp.mutate",
  params: paramsOf({ task_id: taskId }, ["task_id"]),
  forKey: ofOwnTask,
  run: async ({ store }, { task_id }) => {
    await store.run(cancelVerb, { taskId: task_id });
    return one(store.reader, task_id);
  },
});

export const retryTask = defineMethod<ById, OneTask>({
  name: "task.retry",
  capability: "acp.mutate",
  params: paramsOf({ task_id: taskId }, ["task_id"]),
  run: async ({ store }, { task_id }) => {
    await store.run(retryDeadLetter, { taskId: task_id });
    return one(store.reader, task_id);
  },
});

export const resolveTask = defineMethod<ById & { readonly outcome: "happened" | "did_not" }, OneTask>({
  name: "task.resolve",
  capability: "acp.mutate",
  params: paramsOf({ task_id: taskId, outcome: { enum: ["happened", "did_not"] } }, ["task_id", "outcome"]),
  run: async ({ store }, { task_id, outcome }) => {
    const happenedText = "an operator confirmed that this took effect; what it answered is not known";
    await store.run(resolveEffect, { taskId: task_id, outcome, happenedText });
    return one(store.reader, task_id);
  },
});
