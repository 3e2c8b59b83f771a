// Intake, in one transaction: session, earlier messages, prompt, task, first event, idempotency key. Refuses before
// it writes: a full queue, or an idempotency key that was used with another body.

import { GoclawError } from "../domain/error.ts";
import type { OutputSpec } from "../domain/output.ts";
import type { Sampling, TaskKind } from "../domain/task.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { FAIR_CLOCK, queuedCount, recordEnqueued } from "./transition.ts";

export interface EnqueueInput {
  readonly id: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly kind: TaskKind;
  readonly prompt: string;
  /** Conversation that comes before the prompt, for callers that carry their own history. */
  readonly history?: readonly { readonly role: "system" | "user" | "assistant"; readonly text: string }[];
  readonly priority: number;
  readonly maxAttempts: number;
  /** Queued tasks this agent may have, this one included; 0 is unlimited. */
  readonly maxQueueDepth: number;
  readonly model: string | null;
  readonly sampling: Sampling;
  /** What the final answer must be; absent or null takes any text. */
  readonly output?: OutputSpec | null;
  readonly parentId: string | null;
  /** The API key of the caller; absent or null for the home's own token. */
  readonly keyId?: string | null;
  /** The schedule it belongs to, and the slot it is the run of; a task that a run makes has no slot of its own. */
  readonly schedule?: { readonly id: string; readonly slotAt: number | null };
  readonly traceId: string;
  /** Headers of the request that rules of routing ask for, by lower-case name. */
  readonly routeHeaders?: Readonly<Record<string, string>>;
  /** The JSON of a Passage: what a client's own request is, beside its prompt. */
  readonly passage?: string;
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

// A session that keeps submitting gets ever later tags; a session that was quiet starts at the clock. Its anchor moves
// on by the messages that are about to be written, so that no other statement has to look for the last one.
const UPSERT_SESSION_SQL = `
  INSERT INTO sessions (id, agent_id, fair_tag, anchor, created_at, updated_at)
  VALUES (@id, @agentId, @clock + 1, @messages, @now, @now)
  ON CONFLICT (id) DO UPDATE
  SET fair_tag = max(fair_tag, @clock) + 1, anchor = anchor + @messages, updated_at = @now
  RETURNING fair_tag AS fairTag, anchor`;

const INSERT_MESSAGE_SQL = `
  INSERT INTO messages (session_id, anchor, part, role, content, task_id, aside, created_at)
  VALUES (@sessionId, @anchor, 0, @role, @content, @taskId, @aside, @now)`;

const INSERT_TASK_SQL = `
  INSERT INTO tasks (id, session_id, anchor, agent_id, kind, state, priority, fair_tag, max_attempts, available_at,
                     idempotency_key, parent_id, key_id, schedule_id, model, sampling, output_schema, trace_id, created_at,
                     updated_at)
  VALUES (@id, @sessionId, @anchor, @agentId, @kind, 'QUEUED', @priority, @fairTag, @maxAttempts, @now,
          @key, @parentId, @keyId, @scheduleId, @model, @sampling, @output, @traceId, @now, @now)`;

const INSERT_HEADERS_SQL = "INSERT INTO route_headers (task_id, headers) VALUES (@taskId, @headers)";

const INSERT_PASSAGE_SQL = "INSERT INTO passages (task_id, request) VALUES (@taskId, @request)";

export const enqueue = defineVerb("queue.enqueue", (tx, input: EnqueueInput): Enqueued => {
  const earlier = input.idempotency === null ? undefined : findEarlier(tx, input.idempotency);
  if (earlier !== undefined) return earlier;
  refuseWhenFull(tx, input);

  const { id, sessionId, agentId } = input;
  const now = tx.nowMs;
  const clock = tx.count(FAIR_CLOCK);
  const messages = (input.history?.length ?? 0) + 1;
  const upsert = { id: sessionId, agentId, clock, messages, now };
  const { fairTag, anchor } = tx.get<{ fairTag: number; anchor: number }>(UPSERT_SESSION_SQL, upsert)!;
  insertMessages(tx, input, anchor);
  tx.run(INSERT_TASK_SQL, {
    id,
    sessionId,
    anchor,
    agentId,
    kind: input.kind,
    priority: input.priority,
    fairTag,
    maxAttempts: input.maxAttempts,
    key: input.idempotency?.key ?? null,
    parentId: input.parentId,
    keyId: input.keyId ?? null,
    scheduleId: input.schedule?.id ?? null,
    model: input.model,
    sampling: JSON.stringify(input.sampling),
    output: input.output == null ? null : JSON.stringify(input.output),
    traceId: input.traceId,
    now,
  });
  if (input.routeHeaders !== undefined) {
    tx.run(INSERT_HEADERS_SQL, { taskId: id, headers: JSON.stringify(input.routeHeaders) });
  }
  if (input.passage !== undefined) tx.run(INSERT_PASSAGE_SQL, { taskId: id, request: input.passage });
  if (input.idempotency !== null) tx.run(INSERT_KEY_SQL, { ...input.idempotency, taskId: id, now });
  recordEnqueued(
    tx,
    { id, sessionId, agentId, priority: input.priority, attempt: 0 },
    { kind: input.kind, priority: input.priority, ...slotOf(input) },
  );
  return { taskId: id, sessionId, existing: false };
});

function slotOf({ schedule }: EnqueueInput): Readonly<Record<string, string>> {
  if (schedule === undefined) return {};
  const { id, slotAt } = schedule;
  return { schedule_id: id, ...(slotAt === null ? {} : { slot_at: new Date(slotAt).toISOString() }) };
}

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

/** Writes the history before the prompt, which stands at `anchor`. */
function insertMessages(tx: Tx, input: EnqueueInput, anchor: number): void {
  const { sessionId, history = [] } = input;
  const now = tx.nowMs;
  let at = anchor - history.length;
  for (const { role, text } of history) {
    tx.run(INSERT_MESSAGE_SQL, { sessionId, anchor: at++, role, content: text, taskId: null, aside: 0, now });
  }
  tx.run(INSERT_MESSAGE_SQL, {
    sessionId,
    anchor,
    role: "user",
    content: input.prompt,
    taskId: input.id,
    aside: input.kind === "compact" ? 1 : 0,
    now,
  });
}
