// One attempt, from claim to settlement: find the agent and its provider, run the turns, settle the outcome. What it
// writes is fenced; when the lease is lost it stops without writing anything.

import type { Purse } from "../brain/budget.ts";
import { runPassage } from "../brain/passage.ts";
import { runCompact, runTurns } from "../brain/turn.ts";
import type { Agent } from "../domain/agent.ts";
import { messageOf } from "../domain/error.ts";
import { type AnswerDelta, unreachable } from "../domain/event.ts";
import type { ClaimedTask, Outcome } from "../domain/task.ts";
import { loadPassage } from "../journal/passage.ts";
import type { RetryLimits } from "../queue/backoff.ts";
import { fail } from "../queue/fail.ts";
import { requeue } from "../queue/requeue.ts";
import { suspend } from "../queue/suspend.ts";
import type { Store } from "../store/store.ts";
import type { Hands } from "../tools/perform.ts";
import { finish } from "./finish.ts";
import { findPassageWay } from "./passage-way.ts";
import { findWay, type Routing, type Words, wordsOf } from "./route-task.ts";
import { isToolTask, runToolTask } from "./tool-task.ts";

export interface AttemptPorts {
  readonly store: Store;
  readonly hands: Hands;
  readonly purse: Purse;
  readonly retry: RetryLimits;
  readonly findAgent: (id: string) => Agent | undefined;
  readonly routing: Routing;
  readonly publishText: (task: ClaimedTask, turn: number, offset: number, text: string) => void;
  readonly publishPiece: (task: ClaimedTask, piece: AnswerDelta["piece"]) => void;
  readonly redact: (text: string) => string;
  readonly reportDefect: (error: unknown, task: ClaimedTask) => void;
}

/** Why the engine stopped an attempt from outside; the reason of its AbortSignal. */
export type StopReason = "canceled" | "lease_lost" | "shutdown" | "timeout";

/**
 * Runs one claimed task to its settlement. Never throws. `onSettling` is called in the turn in which the settlement is
 * sent to the writer: what the caller sends in that turn shares its commit and comes after it.
 */
export async function runAttempt(
  ports: AttemptPorts,
  task: ClaimedTask,
  control: AbortController,
  onSettling: () => void,
): Promise<void> {
  try {
    const outcome = stoppedOutcome(await handle(ports, task, control), control.signal);
    const settled = settle(ports, task, outcome);
    if (outcome.type !== "lost") onSettling();
    await settled;
  } catch (error) {
    ports.reportDefect(error, task);
    await giveUp(ports, task, error);
  }
}

/** A settlement that broke is a failed attempt: without an end its task would stay RUNNING until the next start. */
async function giveUp(ports: AttemptPorts, task: ClaimedTask, error: unknown): Promise<void> {
  const code = "RETRY_PROCESSOR_ERROR";
  try {
    await settle(ports, task, { type: "retry", reason: code, code, message: messageOf(error) });
  } catch (again) {
    ports.reportDefect(again, task);
  }
}

async function handle(ports: AttemptPorts, task: ClaimedTask, control: AbortController): Promise<Outcome> {
  const found = ports.findAgent(task.agentId);
  if (found === undefined) {
    return { type: "failed", code: "AGENT_NOT_FOUND", message: `there is no agent ${task.agentId} any more` };
  }
  const timer = setTimeout(() => control.abort("timeout" satisfies StopReason), found.taskTimeoutMs);
  try {
    if (isToolTask(task)) return await runToolTask(ports.hands, task, control.signal);
    return await think(ports, task, found, control.signal);
  } catch (error) {
    ports.reportDefect(error, task);
    return {
      type: "retry",
      reason: "RETRY_PROCESSOR_ERROR",
      code: "RETRY_PROCESSOR_ERROR",
      message: messageOf(error),
    };
  } finally {
    clearTimeout(timer);
  }
}

async function think(
  ports: AttemptPorts,
  task: ClaimedTask,
  agent: Agent,
  signal: AbortSignal,
): Promise<Outcome> {
  if (task.kind === "passthrough") return passThrough(ports, task, agent, signal);
  const { store, hands, purse, routing } = ports;
  const words = (): Words => wordsOf(store.reader, hands, task, agent);
  const way = await findWay({ store, purse, routing }, task, agent, signal, words);
  if ("outcome" in way) return way.outcome;
  const runKind = task.kind === "compact" ? runCompact : runTurns;
  return runKind({
    ...{ task, ...way, signal, hands, purse },
    model: way.agent.model,
    onText: (turn, offset, text) => ports.publishText(task, turn, offset, text),
  });
}

/** A client's own request: to the model that it names, or where routing sends it. */
async function passThrough(
  ports: AttemptPorts,
  task: ClaimedTask,
  agent: Agent,
  signal: AbortSignal,
): Promise<Outcome> {
  const { store, purse, routing, redact } = ports;
  const passage = loadPassage(store.reader, task);
  if (passage === undefined) {
    const message = "a client's own request is not kept after its end; the client has to send it again";
    return { type: "failed", code: "BAD_REQUEST", message };
  }
  const way = await findPassageWay({ store, purse, routing }, task, passage, agent, signal);
  if ("outcome" in way) return way.outcome;
  return runPassage({
    ...{ task, passage, purse, signal, redact, provider: way.provider, link: way.agent },
    onText: (turn, offset, text) => ports.publishText(task, turn, offset, text),
    onPiece: (piece) => ports.publishPiece(task, piece),
  });
}

/** An attempt that was stopped from outside ends by the reason it was stopped for, whatever it made of it. */
function stoppedOutcome(outcome: Outcome, signal: AbortSignal): Outcome {
  if (outcome.type !== "lost" || !signal.aborted) return outcome;
  const reason = signal.reason as StopReason;
  if (reason === "shutdown") return { type: "requeued" };
  if (reason !== "timeout") return outcome;
  const message = "the attempt ran longer than task_timeout_seconds";
  return { type: "retry", reason: "TASK_TIMEOUT", code: "TASK_TIMEOUT", message };
}

async function settle(
  { store, retry, redact }: AttemptPorts,
  task: ClaimedTask,
  outcome: Outcome,
): Promise<void> {
  const fence = { taskId: task.id, fence: task.fence };
  switch (outcome.type) {
    case "succeeded":
      await store.insist(finish, { ...fence, result: outcome.result, lastAnswer: outcome.lastAnswer });
      return;
    case "retry": {
      const { code, reason: retryReason, afterMs = 0 } = outcome;
      await store.insist(fail, {
        ...fence,
        code,
        message: redact(outcome.message),
        retryReason,
        afterMs,
        retry,
      });
      return;
    }
    case "failed": {
      const { code, afterMs = 0 } = outcome;
      const message = redact(outcome.message);
      await store.insist(fail, { ...fence, code, message, retryReason: null, afterMs, retry });
      return;
    }
    case "suspended": {
      const { reason, deadlineAt, message, wakes = false, childId } = outcome;
      const child = childId === undefined ? {} : { childId };
      await store.insist(suspend, { ...fence, reason, deadlineAt, message, wakes, ...child });
      return;
    }
    case "requeued":
      await store.insist(requeue, fence);
      return;
    case "lost":
      return;
    default:
      unreachable(outcome);
  }
}
