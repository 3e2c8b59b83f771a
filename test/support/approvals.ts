// What waits for a person in a running daemon, as a test meets it: the approval of a task, and the answer to it.

import type { Daemon } from "./daemon.ts";
import type { Reply } from "./http.ts";
import { taskWhere, type WireTask } from "./tasks.ts";

export interface WireApproval {
  readonly id: string;
  readonly task_id: string;
  readonly status: string;
  readonly kind: string;
  readonly rule: string;
  readonly reason: string;
  readonly digest: string;
  readonly act: Readonly<Record<string, unknown>>;
  readonly policy_version: string;
}

/** The approval that a task waits for, once it is there. */
export async function approvalOf({ client }: Daemon, taskId: string): Promise<WireApproval> {
  const waits = (task: WireTask): boolean =>
    task.state === "RETRY_WAIT" && task.reason_code === "AWAITING_APPROVAL";
  await taskWhere(client, taskId, "waits for an approval", waits);
  const reply = await client.get(`/api/v1/approvals?status=PENDING&task=${taskId}`);
  const [found] = reply.json<{ approvals: WireApproval[] }>().approvals;
  if (found === undefined) throw new Error(`no approval waits for ${taskId}`);
  return found;
}

export function decide({ client }: Daemon, id: string, decision: "approve" | "deny"): Promise<Reply> {
  return client.post(`/api/v1/approvals/${id}`, { decision });
}
