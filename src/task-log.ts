// The tasks' part of the log: a line for every event of a task, the more important the worse it is, with the trace id of
// the submission it goes back to.

import type { Config } from "./config/config.ts";
import { type DurableEvent, type DurableEventType, isDurable } from "./domain/event.ts";
import type { Ground } from "./parts.ts";
import type { Reader } from "./store/reader.ts";
import { traceOfTask } from "./store/session-events.ts";

type Level = Config["logLevel"];

const LEVELS: Partial<Record<DurableEventType, "warn" | "info">> = {
  "task.failed": "warn",
  "task.dead_letter": "warn",
  "task.retry_wait": "info",
};
const ORDER: readonly Level[] = ["debug", "info", "warn", "error"];

/** Returns how to stop. */
export function logTasks({ bus, config, log }: Ground, reader: Reader): () => void {
  const least = ORDER.indexOf(config.logLevel);
  return bus.subscribe((event) => {
    if (!isDurable(event)) return;
    const level = LEVELS[event.type] ?? "debug";
    // Asked first: the trace has to be looked up, and most lines are not kept.
    if (ORDER.indexOf(level) < least) return;
    log[level]("task", event.type, fieldsOf(event, traceOfTask(reader, event.taskId)));
  });
}

function fieldsOf(
  { taskId, sessionId, agentId, attempt, reasonCode, payload }: DurableEvent,
  traceId: string,
) {
  return {
    ...{ trace_id: traceId, task_id: taskId, session_id: sessionId, agent_id: agentId, attempt },
    ...(reasonCode === null ? {} : { code: reasonCode }),
    ...(typeof payload.message === "string" ? { message: payload.message } : {}),
    ...(typeof payload.tool === "string" ? { tool: payload.tool } : {}),
    ...(typeof payload.model === "string" ? { provider: payload.provider, model: payload.model } : {}),
  };
}
