// Read models of sessions and their messages.

import type { Reader } from "./reader.ts";

export interface StoredMessage {
  readonly anchor: number;
  readonly part: number;
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

// The newest messages before a prompt, whatever finished when: an answer stands with the prompt it answers.
const HISTORY_SQL = `
  SELECT anchor, part, role, content FROM messages
  WHERE session_id = @sessionId AND anchor < @anchor
  ORDER BY anchor DESC, part DESC LIMIT @limit`;

/** The last `limit` messages before the prompt at `anchor`, oldest first. */
export function historyBefore(
  reader: Reader,
  sessionId: string,
  anchor: number,
  limit: number,
): StoredMessage[] {
  return reader.all<StoredMessage>(HISTORY_SQL, { sessionId, anchor, limit }).reverse();
}

const PROMPT_SQL = `
  SELECT messages.anchor, messages.part, messages.role, messages.content
  FROM tasks JOIN messages
    ON messages.session_id = tasks.session_id AND messages.anchor = tasks.anchor AND messages.part = 0
  WHERE tasks.id = @taskId`;

export function promptOf(reader: Reader, taskId: string): StoredMessage | undefined {
  return reader.get<StoredMessage>(PROMPT_SQL, { taskId });
}
