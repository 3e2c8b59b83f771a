// What `goclaw run` does when its task, or a child that it waits for, waits for a person: on a terminal it shows what is
// asked and takes the answer; elsewhere it says on standard error what to type, and does not wait for somebody who may
// never come, unless it was told how long to wait.

import { messageOf } from "../domain/error.ts";
import type { WireApproval } from "../rpc/methods/approval.ts";
import type { WireEvent } from "../rpc/wire.ts";
import { writeFrame } from "./approval-frame.ts";
import type { Context } from "./context.ts";
import { followTask } from "./follow.ts";
import type { Link } from "./link.ts";
import { safeLine } from "./safe-text.ts";

export interface WaitsPorts {
  readonly context: Context;
  readonly link: Link;
  /** False for output that a program reads. */
  readonly mayAsk: boolean;
  /** Ends the waiting for the task, which itself goes on waiting. */
  readonly leave: ((why: string) => void) | undefined;
  /** Aborted when the waiting is over. */
  readonly signal: AbortSignal;
}

/** Takes the events of one task; each move of it ends what the move before began. */
export function createWaits(ports: WaitsPorts, taskId: string): (event: WireEvent) => void {
  let current = new AbortController();
  return (event) => {
    if (event.state_to === undefined) return;
    current.abort();
    current = new AbortController();
    const signal = AbortSignal.any([ports.signal, current.signal]);
    const failed = (error: unknown): void => {
      if (!signal.aborted) ports.context.stderr.write(`goclaw: ${safeLine(messageOf(error))}\n`);
    };
    const { reason_code: reason, payload } = event;
    if (event.state_to !== "RETRY_WAIT") return;
    if (reason === "AWAITING_APPROVAL" || reason === "AWAITING_INPUT")
      attend(ports, taskId, signal).catch(failed);
    if (reason === "EFFECT_UNKNOWN") sayUnknown(ports, taskId, String(payload.message ?? ""));
    if (reason === "AWAITING_BUDGET") sayBudget(ports, taskId, String(payload.message ?? ""));
    if (reason === "AWAITING_CHILD" && typeof payload.child === "string")
      followChild(ports, payload.child, signal).catch(failed);
  };
}

async function followChild(ports: WaitsPorts, childId: string, signal: AbortSignal): Promise<void> {
  const ignore = (): void => {};
  const onEvent = createWaits({ ...ports, signal }, childId);
  await followTask(ports.link, childId, { onEvent, onPiece: ignore, onBreak: ignore }, signal);
}

async function attend(ports: WaitsPorts, taskId: string, signal: AbortSignal): Promise<void> {
  const { context, link } = ports;
  const path = `/api/v1/approvals?status=PENDING&limit=1&task=${encodeURIComponent(taskId)}`;
  const [approval] = (await link.api.get<{ approvals: WireApproval[] }>(path)).approvals;
  // What the log tells of may have been answered long since.
  if (approval === undefined || signal.aborted) return;
  if (ports.mayAsk && context.stderr.isTerminal && context.readLine !== undefined)
    return ask(ports, context.readLine, approval, signal);
  const { id, kind } = approval;
  const wants = kind === "question" ? "asks you something" : `wants to use ${approval.capability}`;
  const lines =
    kind === "question"
      ? [`goclaw approvals show ${id}      the question`, `goclaw approvals answer ${id} "…"`]
      : [
          `goclaw approvals show ${id}      exactly what would be done`,
          `goclaw approvals approve ${id}   or deny`,
        ];
  const why = kind === "question" ? "" : ` (${approval.reason})`;
  context.stderr.write(
    `goclaw: agent ${safeLine(`${approval.agent_id} ${wants}${why}`)}; task ${taskId} waits for you:\n`,
  );
  for (const line of lines) context.stderr.write(`  ${line}\n`);
  ports.leave?.("nobody can be asked here");
}

type ReadLine = NonNullable<Context["readLine"]>;

async function ask(
  { context: { stderr }, link }: WaitsPorts,
  readLine: ReadLine,
  approval: WireApproval,
  signal: AbortSignal,
): Promise<void> {
  const { id, kind, agent_id: agent, capability, reason } = approval;
  const head =
    kind === "question" ? `agent ${agent} asks you` : `agent ${agent} wants to use ${capability} (${reason})`;
  stderr.write(`\n${safeLine(head)}\n`);
  writeFrame(stderr, approval);
  stderr.write(kind === "question" ? "your answer, or nothing to answer later: " : "do it? [y/N] ");
  const line = (await readLine(signal))?.trim();
  if (line === undefined) {
    stderr.write("\n");
    return;
  }
  if (kind === "question" && line === "") {
    stderr.write(`goclaw: the task waits; \`goclaw approvals answer ${id} "…"\` answers it\n`);
    return;
  }
  const body =
    kind === "question" ? { answer: line } : { decision: /^y(es)?$/i.test(line) ? "approve" : "deny" };
  await link.api.post(`/api/v1/approvals/${encodeURIComponent(id)}`, body);
}

function sayUnknown({ context, leave }: WaitsPorts, taskId: string, message: string): void {
  context.stderr.write(`goclaw: ${safeLine(message.replaceAll("resolve ID", `resolve ${taskId}`))}\n`);
  if (!context.stderr.isTerminal) leave?.("nobody can be asked here");
}

/** It may be over in a moment, when calls in flight settle, or last until a limit is raised: the waiting goes on. */
function sayBudget({ context: { stderr } }: WaitsPorts, taskId: string, message: string): void {
  // A terminal is told by what is shown of every event.
  if (stderr.isTerminal) return;
  const why = message === "" ? "" : `: ${message}`;
  stderr.write(
    `goclaw: a budget holds task ${taskId} back${safeLine(why)}; \`goclaw task why ${taskId}\` says what to do\n`,
  );
}
