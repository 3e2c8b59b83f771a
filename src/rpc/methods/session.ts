// `session.list|history|compact`: conversations, and making one shorter on demand.

import { UUID_PATTERN } from "../../domain/ids.ts";
import type { Enqueued } from "../../queue/enqueue.ts";
import {
  listSessions,
  messagesAfter,
  type Session,
  type SessionMessage,
  summaryBefore,
} from "../../store/sessions.ts";
import { requireAgent, requireSession } from "../key-scope.ts";
import { defineMethod, paramsOf } from "../method.ts";
import { requireSessionRow, sendCompaction } from "./submit.ts";

const sessionId = { type: "string", pattern: UUID_PATTERN.source };
const limit = { type: "integer", minimum: 1, maximum: 500 };

export type WireSession = ReturnType<typeof toWireSession>;
export type WireMessage = ReturnType<typeof toWireMessage>;

export const listSession = defineMethod<
  { readonly cursor?: string; readonly limit?: number },
  { sessions: WireSession[]; next_cursor: string | null }
>({
  name: "session.list",
  capability: "acp.read",
  params: paramsOf({ cursor: sessionId, limit }),
  run: async ({ store }, { cursor = null, limit: asked = 50 }) => {
    const sessions = listSessions(store.reader, cursor, asked + 1);
    const page = sessions.slice(0, asked);
    const next = sessions.length > asked ? (page.at(-1)?.id ?? null) : null;
    return { sessions: page.map(toWireSession), next_cursor: next };
  },
});

export interface SessionHistory {
  readonly session: WireSession;
  /** What stands for the older messages once they are too many for the model; null while all of them are shown. */
  readonly summary: string | null;
  readonly messages: readonly WireMessage[];
  readonly next_cursor: string | null;
}

const CURSOR = /^(\d{1,15})\.(\d{1,9})$/;

export const sessionHistory = defineMethod<
  { readonly session_id: string; readonly cursor?: string; readonly limit?: number },
  SessionHistory
>({
  name: "session.history",
  capability: "acp.read",
  params: paramsOf({ session_id: sessionId, cursor: { type: "string", pattern: CURSOR.source }, limit }, [
    "session_id",
  ]),
  run: async ({ store }, { session_id, cursor, limit: asked = 100 }) => {
    const session = requireSessionRow(store.reader, session_id);
    const [, anchor = -1, part = 0] = CURSOR.exec(cursor ?? "") ?? [];
    const after = { anchor: Number(anchor), part: Number(part) };
    const messages = messagesAfter(store.reader, session_id, after, asked + 1);
    const page = messages.slice(0, asked);
    const last = messages.length > asked ? page.at(-1) : undefined;
    const summary = summaryBefore(store.reader, session_id, Number.MAX_SAFE_INTEGER)?.text ?? null;
    return {
      session: toWireSession(session),
      summary,
      messages: page.map(toWireMessage),
      next_cursor: last === undefined ? null : `${last.anchor}.${last.part}`,
    };
  },
});

/** A task like any other: it waits for a lane, is journaled, keeps to the budgets and ends with the summary. */
export const compactSession = defineMethod<
  { readonly session_id: string; readonly agent?: string; readonly idempotency_key?: string },
  Enqueued
>({
  name: "session.compact",
  capability: "acp.mutate",
  params: paramsOf(
    {
      session_id: sessionId,
      agent: { type: "string" },
      idempotency_key: { type: "string", minLength: 1, maxLength: 255 },
    },
    ["session_id"],
  ),
  subject: ({ session_id }) => session_id,
  forKey: ({ store }, params, key) => {
    requireSession(store.reader, key, params.session_id);
    if (params.agent !== undefined) requireAgent(key, params.agent);
    return params;
  },
  run: async (ports, params, caller) => sendCompaction(ports, params, caller),
});

function toWireSession(session: Session) {
  return {
    id: session.id,
    agent_id: session.agentId,
    messages: session.messages,
    created_at: new Date(session.createdAt).toISOString(),
    updated_at: new Date(session.updatedAt).toISOString(),
  };
}

function toWireMessage({ role, content, taskId, createdAt }: SessionMessage) {
  return {
    role,
    text: content,
    ...(taskId === null ? {} : { task_id: taskId }),
    created_at: new Date(createdAt).toISOString(),
  };
}
