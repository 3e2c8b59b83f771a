// Read models of sessions and their messages.

import type { Reader } from "./reader.ts";

export interface StoredMessage {
  readonly anchor: number;
  readonly part: number;
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
  /** UTF-16 units of the stored message that a summary covers already and `content` no longer has. */
  readonly cut?: number;
}

/** A place in a session: `offset` counts UTF-16 units of the message at (anchor, part). */
export interface Position {
  readonly anchor: number;
  readonly part: number;
  readonly offset: number;
}

/** What stands for the messages before a place. `readAt`: what was written later (epoch ms) is not in it. */
export interface Summary {
  readonly text: string;
  readonly fromAnchor: number;
  readonly upTo: Position;
  readonly readAt: number;
}

const SUMMARY_SQL = `
  SELECT text, from_anchor AS fromAnchor, up_to_anchor AS anchor, up_to_part AS part, up_to_offset AS "offset",
         read_at AS readAt
  FROM summaries
  WHERE session_id = @sessionId AND up_to_anchor < @anchor
  ORDER BY up_to_anchor DESC, up_to_part DESC, up_to_offset DESC, id DESC LIMIT 1`;

/** The furthest summary of what comes before the prompt at `anchor`. */
export function summaryBefore(reader: Reader, sessionId: string, anchor: number): Summary | undefined {
  const row = reader.get<Omit<Summary, "upTo"> & Position>(SUMMARY_SQL, { sessionId, anchor });
  if (row === undefined) return undefined;
  const { text, fromAnchor, readAt, part, offset } = row;
  return { text, fromAnchor, readAt, upTo: { anchor: row.anchor, part, offset } };
}

// An answer stands with the prompt it answers, whatever finished when: so one that came after the summary was made
// stands before the summary's end, and is found by its time.
const HISTORY_SQL = `
  SELECT anchor, part, role, content FROM messages
  WHERE session_id = @sessionId AND anchor < @anchor AND aside = 0
    AND ((anchor, part) >= (@fromAnchor, @fromPart) OR created_at >= @readAt)
  ORDER BY anchor, part`;

/** Every message before the prompt at `anchor` that `summary` does not cover, oldest first. */
export function historyBefore(
  reader: Reader,
  sessionId: string,
  anchor: number,
  summary: Summary | undefined,
): StoredMessage[] {
  const upTo = summary?.upTo ?? { anchor: -1, part: 0, offset: 0 };
  const readAt = summary?.readAt ?? 0;
  const bounds = { sessionId, anchor, fromAnchor: upTo.anchor, fromPart: upTo.part, readAt };
  return reader.all<StoredMessage>(HISTORY_SQL, bounds).flatMap((message) => {
    if (message.anchor !== upTo.anchor || message.part !== upTo.part) return [message];
    const content = message.content.slice(upTo.offset);
    return content === "" ? [] : [{ ...message, content, cut: upTo.offset }];
  });
}

const PROMPT_SQL = `
  SELECT messages.anchor, messages.part, messages.role, messages.content
  FROM tasks JOIN messages
    ON messages.session_id = tasks.session_id AND messages.anchor = tasks.anchor AND messages.part = 0
  WHERE tasks.id = @taskId`;

export function promptOf(reader: Reader, taskId: string): StoredMessage | undefined {
  return reader.get<StoredMessage>(PROMPT_SQL, { taskId });
}

const AGENTS_SQL = "SELECT DISTINCT agent_id AS agentId FROM tasks WHERE session_id = @sessionId";

/** Every agent that was talked to in a session. */
export function agentsOfSession(reader: Reader, sessionId: string): string[] {
  return reader.all<{ agentId: string }>(AGENTS_SQL, { sessionId }).map(({ agentId }) => agentId);
}

export interface Session {
  readonly id: string;
  /** The agent it began with. */
  readonly agentId: string;
  readonly messages: number;
  /** Times are epoch ms. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

const SESSION_COLUMNS = `
  id, agent_id AS agentId, created_at AS createdAt, updated_at AS updatedAt,
  (SELECT count(*) FROM messages WHERE messages.session_id = sessions.id AND aside = 0) AS messages`;

const FIND_SESSION_SQL = `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id = @sessionId`;

export function findSession(reader: Reader, sessionId: string): Session | undefined {
  return reader.get<Session>(FIND_SESSION_SQL, { sessionId });
}

const LIST_SESSIONS_SQL = `
  SELECT ${SESSION_COLUMNS} FROM sessions WHERE id < @cursor ORDER BY id DESC LIMIT @limit`;

/** By id, which sorts by creation time unless a client chose its own; ids before `cursor`. */
export function listSessions(reader: Reader, cursor: string | null, limit: number): Session[] {
  return reader.all<Session>(LIST_SESSIONS_SQL, { cursor: cursor ?? "~", limit });
}

const MESSAGES_SQL = `
  SELECT anchor, part, role, content, task_id AS taskId, created_at AS createdAt
  FROM messages
  WHERE session_id = @sessionId AND (anchor, part) > (@anchor, @part) AND aside = 0
  ORDER BY anchor, part LIMIT @limit`;

export interface SessionMessage extends Omit<StoredMessage, "cut"> {
  readonly taskId: string | null;
  readonly createdAt: number;
}

/** The conversation after a place, oldest first. */
export function messagesAfter(
  reader: Reader,
  sessionId: string,
  { anchor, part }: Pick<Position, "anchor" | "part">,
  limit: number,
): SessionMessage[] {
  return reader.all<SessionMessage>(MESSAGES_SQL, { sessionId, anchor, part, limit });
}
