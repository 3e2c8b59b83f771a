// The mark of what a model was shown, kept in its `model.end` event: written there, and read back by the next call of
// the session, so that it can say which segment changed.

import type { PromptMark, Segment } from "../domain/prompt.ts";
import type { Reader } from "../store/reader.ts";

export function toWireMark(mark: PromptMark): Record<string, unknown> {
  const { tokens, countedBy, window, segments, ends, changed } = mark;
  return { tokens, counted_by: countedBy, window, changed, segments, ends };
}

// The task before in the session, if it got an answer; a parallel one or one that failed says nothing.
const BEFORE_SQL = `
  SELECT id FROM tasks WHERE session_id = @sessionId AND anchor < @anchor ORDER BY anchor DESC LIMIT 1`;

const LAST_SQL = `
  SELECT payload FROM task_events WHERE task_id = @taskId AND type = 'model.end' ORDER BY seq DESC LIMIT 1`;

export type EarlierMark = Pick<PromptMark, "segments" | "ends">;

/** What the last call was shown: of this task, or else of the task before it in the session. */
export function lastMark(
  reader: Reader,
  taskId: string,
  sessionId: string,
  anchor: number,
): EarlierMark | undefined {
  const own = markOf(reader, taskId);
  if (own !== undefined) return own;
  const before = reader.get<{ id: string }>(BEFORE_SQL, { sessionId, anchor });
  return before === undefined ? undefined : markOf(reader, before.id);
}

function markOf(reader: Reader, taskId: string): EarlierMark | undefined {
  const row = reader.get<{ payload: string }>(LAST_SQL, { taskId });
  if (row === undefined) return undefined;
  const { shown } = JSON.parse(row.payload) as {
    shown?: { segments: Record<Segment, string>; ends: [number, number, number] };
  };
  return shown;
}
