// A client's own request as it was taken in: kept until its task has ended, and not a moment longer.

import type { Passage } from "../domain/passage.ts";
import type { Reader } from "../store/reader.ts";

const LOAD_SQL = "SELECT request FROM passages WHERE task_id = @taskId";

/** Undefined once the task has ended, even if somebody brings it back. */
export function loadPassage(reader: Reader, taskId: string): Passage | undefined {
  const row = reader.get<{ request: string }>(LOAD_SQL, { taskId });
  return row && (JSON.parse(row.request) as Passage);
}
