// A task named by its whole id or by an unambiguous start of it. Ids sort by time, so the tasks that share a start are
// neighbours in the list and one request finds them.

import { GoclawError } from "../domain/error.ts";
import { UUID_PATTERN } from "../domain/ids.ts";
import type { WireTask } from "../rpc/wire.ts";
import type { Api } from "./api.ts";
import { safeLine } from "./safe-text.ts";

const LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const PREFIX = /^[0-9a-f-]{4,36}$/;

/** Throws TASK_NOT_FOUND, or BAD_REQUEST when several tasks begin so. */
export async function findTask(api: Api, given: string): Promise<WireTask> {
  const id = given.trim().toLowerCase();
  if (!UUID_PATTERN.test(id) && PREFIX.test(id)) {
    const cursor = id + LAST_ID.slice(id.length);
    const path = `/api/v1/tasks?limit=2&cursor=${cursor}`;
    const { tasks } = UUID_PATTERN.test(cursor) ? await api.get<{ tasks: WireTask[] }>(path) : { tasks: [] };
    const [first, second] = tasks.filter((task) => task.id.startsWith(id));
    if (second !== undefined) {
      throw new GoclawError(
        "BAD_REQUEST",
        `several tasks begin with ${JSON.stringify(id)}, among them ${first?.id} and ${second.id}; write more of the id`,
      );
    }
    if (first !== undefined) return first;
  }
  if (given.trim() === "" || given.length > 64) {
    throw new GoclawError("TASK_NOT_FOUND", `${JSON.stringify(safeLine(given))} is no id of a task`);
  }
  return (await api.get<{ task: WireTask }>(`/api/v1/tasks/${encodeURIComponent(given.trim())}`)).task;
}
