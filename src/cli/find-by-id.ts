// Something named by its whole id or by an unambiguous start of it. Ids sort by time, so those that share a start are
// neighbours in the list and one request finds them.

import { type Code, GoclawError } from "../domain/error.ts";
import { UUID_PATTERN } from "../domain/ids.ts";
import type { WireApproval } from "../rpc/methods/approval.ts";
import type { WireTask } from "../rpc/wire.ts";
import type { Api } from "./api.ts";
import { safeLine } from "./safe-text.ts";

const LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const PREFIX = /^[0-9a-f-]{4,36}$/;

interface Kind {
  readonly one: string;
  readonly many: string;
  readonly notFound: Code;
}

/** Throws TASK_NOT_FOUND, or BAD_REQUEST when several tasks begin so. */
export function findTask(api: Api, given: string): Promise<WireTask> {
  return findById<WireTask>(api, given, { one: "task", many: "tasks", notFound: "TASK_NOT_FOUND" });
}

/** Throws APPROVAL_NOT_FOUND, or BAD_REQUEST when several approvals begin so. */
export function findApproval(api: Api, given: string): Promise<WireApproval> {
  return findById<WireApproval>(api, given, {
    one: "approval",
    many: "approvals",
    notFound: "APPROVAL_NOT_FOUND",
  });
}

async function findById<Found extends { readonly id: string }>(
  api: Api,
  given: string,
  { one, many, notFound }: Kind,
): Promise<Found> {
  const id = given.trim().toLowerCase();
  if (!UUID_PATTERN.test(id) && PREFIX.test(id)) {
    const cursor = id + LAST_ID.slice(id.length);
    const path = `/api/v1/${many}?limit=2&cursor=${cursor}`;
    const list = UUID_PATTERN.test(cursor)
      ? ((await api.get<Record<string, Found[]>>(path))[many] ?? [])
      : [];
    const [first, second] = list.filter((found) => found.id.startsWith(id));
    if (second !== undefined) {
      throw new GoclawError(
        "BAD_REQUEST",
        `several ${many} begin with ${JSON.stringify(id)}, among them ${first?.id} and ${second.id}; write more of the id`,
      );
    }
    if (first !== undefined) return first;
  }
  if (given.trim() === "" || given.length > 64) {
    throw new GoclawError(
      notFound,
      `${JSON.stringify(safeLine(given))} is no id of ${one === "task" ? "a" : "an"} ${one}`,
    );
  }
  const found = await api.get<Record<string, Found>>(`/api/v1/${many}/${encodeURIComponent(given.trim())}`);
  return found[one] as Found;
}
