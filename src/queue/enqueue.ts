// Intake, in one transaction: session, earlier messages, prompt, task, first event, idempotency key. Refuses before
// it writes: a full queue, or an idempotency key that was used with another body.

import { GoclawError } from "../domain/error.ts";
import type { Sampling } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { FAIR_CLOCK, queuedCount, recordEnqueued } from "./transition.ts";

export interface EnqueueInput {
  readonly id: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly kind: string;
  readonly prompt: string;
  /** Conversation that comes before the prompt, for callers that carry their own history. */
  readonly history?: readonly { readonly role: "system" | "user" | "assistant"; readonly text: string }[];
  readonly priority: number;
  readonly maxAttempts: number;
  /** Queued tasks this agent may have, this one included; 0 is unlimited. */
  readonly maxQueueDepth: number;
  readonly model: string | null;
  readonly sampling: Sampling;
  readonly parentId: string | null;
  readonly traceId: string;
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
}

export interface Enqueued {
  readonly taskId: string;
  readonly sessionId: string;
  /** True when the idempotency key found an earlier task. */
  readonly existing: boolean;
}

const FIND_KEY_SQL = `
  SELECT idempotency.task_id AS taskId, idempotency.digest, tasks.session_id AS sessionId
  FROM idempotency JOIN tasks ON tasks.id = idempotency.task_id
  WHERE idempotency.key = @key`;

const INSERT_KEY_SQL = `
  INSERT INTO idempotency (key, task_id, digest, created_at) VALUES (@key, @taskId, @digest, @now)`;

// A session that keeps submitting gets ever later tags; a session that was quiet starts at the clock.
const UPSERT_SESSION_SQL = `
  INSERT INTO sessions (id, agent_id, fair_tag, created_at, updated_at)
  VALUES (@id, @agentId, @clock + 1, @now, @now)
  ON CONFLICT (id) DO UPDATE SET fair_tag = max(fair_tag, @clock) + 1, updated_at = @now
  RETURNING fair_tag AS fairTag`;

const NEXT_ANCHOR_SQL = `
  SELECT coalesce(max(anchor), 0) + 1 AS anchor FROM messages WHERE session_id = @sessionId`;

const INSERT_MESSAGE_SQL = `
  INSERT INTO messages (session_id, anchor, part, role, content, task_id, created_at)
  VALUES (@sessionId, @anchor, 0, @role, @content, @taskId, @now)`;

const INSERT_TASK_SQL = `
  INSERT INTO tasks (id, session_id, anchor, agent_id, kind, state, priority, fair_tag, max_attempts, available_at,
                     idempotency_key, parent_id, model, sampling, trace_id, created_at, updated_at)
  VALUES (@id, @sessionId, @anchor, @agentId, @kind, 'QUEUED', @priority, @fairTag, @maxAttempts, @now,
          @key, @parentId, @model, @sampling, @traceId, @now, @now)`;

export const enqueue = defineVerb("queue.enqueue", (tx, input: EnqueueInput): Enqueued => {
  const earlier = input.idempotency === null ? undefined : findEarlier(tx, input.idempotency);
  if (earlier !== undefined) return earlier;
  refuseWhenFull(tx, input);

  const { id, sessionId, agentId } = input;
  const now = tx.nowMs;
  const clock = tx.count(FAIR_CLOCK);
  const session = tx.get<{ fairTag: number }>(UPSERT_SESSION_SQL, { id: sessionId, agentId, clock, now });
  const anchor = insertMessages(tx, input);
  tx.run(INSERT_TASK_SQL, {
    id,
    sessionId,
    anchor,
    agentId,
    kind: input.kind,
    priority: input.priority,
    fairTag: session?.fairTag ?? 0,
    maxAttempts: input.maxAttempts,
    key: input.idempotency?.key ?? null,
    parentId: input.parentId,
    model: input.model,
    sampling: JSON.stringify(input.sampling),
    traceId: input.traceId,
    now,
  });
  if (input.idempotency !== null) tx.run(INSERT_KEY_SQL, { ...input.idempotency, taskId: id, now });
  recordEnqueued(tx, { id, sessionId, agentId, attempt: 0 }, { kind: input.kind, priority: input.priority });
  return { taskId: id, sessionId, existing: false };
});

function findEarlier(tx: Tx, { key, digest }: { key: string; digest: string }): Enqueued | undefined {
  const row = tx.get<{ taskId: string; digest: string; sessionId: string }>(FIND_KEY_SQL, { key });
  if (row === undefined) return undefined;
  if (row.digest !== digest) {
    throw new GoclawError(
      "IDEMPOTENCY_CONFLICT",
      `idempotency key ${JSON.stringify(key)} belongs to task ${row.taskId}, which was submitted with another body; ` +
        "use a new key for a new task",
    );
  }
  return { taskId: row.taskId, sessionId: row.sessionId, existing: true };
}

function refuseWhenFull(tx: Tx, { agentId, maxQueueDepth }: EnqueueInput): void {
  const depth = tx.count(queuedCount(agentId));
  if (maxQueueDepth === 0 || depth < maxQueueDepth) return;
  throw new GoclawError(
    "QUEUE_FULL",
    `agent ${agentId} has ${depth} queued tasks and max_queue_depth is ${maxQueueDepth}; try again later`,
    { retryAfterSeconds: 1 },
  );
}

function insertMessages(tx: Tx, input: EnqueueInput): number {
  const { sessionId } = input;
  let anchor = tx.get<{ anchor: number }>(NEXT_ANCHOR_SQL, { sessionId })?.anchor ?? 1;
  const now = tx.nowMs;
  for (const { role, text } of input.history ?? []) {
    tx.run(INSERT_MESSAGE_SQL, { sessionId, anchor: anchor++, role, content: text, taskId: null, now });
  }
  tx.run(INSERT_MESSAGE_SQL, {
    sessionId,
    anchor,
    role: "user",
    content: input.prompt,
    taskId: input.id,
    now,
  });
  return anchor;
}
