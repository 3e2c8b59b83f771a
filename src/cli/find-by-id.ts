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

/** The id of a session. A whole id is taken as it is: a client may name a session before its first task. */
export async function findSessionId(api: Api, given: string): Promise<string> {
  const id = given.trim().toLowerCase();
  if (UUID_PATTERN.test(id)) return id;
  const found = await findByStart<{ readonly id: string }>(api, id, "sessions");
  if (found !== undefined) return found.id;
  const what = `there is no session ${JSON.stringify(safeLine(given).slice(0, 64))}`;
  throw new GoclawError("SESSION_NOT_FOUND", `${what}; goclaw session list shows them`);
}

async function findById<Found extends { readonly id: string }>(
  api: Api,
  given: string,
  { one, many, notFound }: Kind,
): Promise<Found> {
  const id = given.trim().toLowerCase();
  const begun = UUID_PATTERN.test(id) ? undefined : await findByStart<Found>(api, id, many);
  if (begun !== undefined) return begun;
  if (given.trim() === "" || given.length > 64) {
    throw new GoclawError(
      notFound,
      `${JSON.stringify(safeLine(given))} is no id of ${one === "task" ? "a" : "an"} ${one}`,
    );
  }
  const found = await api.get<Record<string, Found>>(`/api/v1/${many}/${encodeURIComponent(given.trim())}`);
  return found[one] as Found;
}

async function findByStart<Found extends { readonly id: string }>(
  api: Api,
  start: string,
  many: string,
): Promise<Found | undefined> {
  const cursor = start + LAST_ID.slice(start.length);
  if (!PREFIX.test(start) || !UUID_PATTERN.test(cursor)) return undefined;
  const list = (await api.get<Record<string, Found[]>>(`/api/v1/${many}?limit=2&cursor=${cursor}`))[many];
  const [first, second] = (list ?? []).filter((found) => found.id.startsWith(start));
  if (second === undefined) return first;
  throw new GoclawError(
    "BAD_REQUEST",
    `several ${many} begin with ${JSON.stringify(start)}, among them ${first?.id} and ${second.id}; write more of the id`,
  );
}
