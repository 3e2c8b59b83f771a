// The people around the daemon: clients who submit until they are told yes, an operator who looks at acts of unknown
// outcome and says truthfully what became of them, and somebody who changes his mind.

import { codeOf } from "../../src/domain/error.ts";
import { resolveEffect } from "../../src/journal/resolve.ts";
import { cancel } from "../../src/queue/cancel.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { retryDeadLetter } from "../../src/queue/retry.ts";
import type { Verb } from "../../src/store/verb.ts";
import { enqueueInput } from "../support/inputs.ts";
import { AGENTS, type SimProcess } from "./process.ts";
import { countUp, type Job, type World } from "./world.ts";

/** The process that runs now, if one takes requests. */
export type Running = () => SimProcess | undefined;

const ASK_AGAIN_MS = 300;
const PATIENCE_MS = 5_000;

/** Submits one job until it is accepted: the same key every time, a new task id every time. */
export function submit(world: World, running: Running, job: Job, newId: () => string): void {
  let asked = 0;
  const ask = (): void => {
    if (world.acknowledged.has(job.key)) return;
    const mine = ++asked;
    const id = newId();
    const input = enqueueInput(id, {
      ...{ sessionId: job.sessionId, agentId: job.agentId, prompt: job.key, priority: job.priority },
      ...{ maxAttempts: job.maxAttempts, idempotency: { key: job.key, digest: job.key } },
      maxQueueDepth: AGENTS.find((agent) => agent.id === job.agentId)!.maxQueueDepth,
    });
    const again = (why: string, delayMs: number): void => {
      world.trace(`client ${job.key} ${why}`);
      world.time.outside(delayMs, () => mine === asked && ask());
    };
    const sent = send(world, running, enqueue, input);
    if (sent === undefined) {
      again("finds nobody", ASK_AGAIN_MS);
      return;
    }
    sent.then(
      ({ taskId }) => {
        world.trace(`client ${job.key} accepted as ${taskId}`);
        world.acknowledged.set(job.key, taskId);
      },
      (error: unknown) => again(codeOf(error), ASK_AGAIN_MS),
    );
    again("waits", PATIENCE_MS);
  };
  ask();
}

function send<Input, Output>(
  world: World,
  running: Running,
  verb: Verb<Input, Output>,
  input: Input,
): Promise<Output> | undefined {
  const process = running();
  const store = process?.store();
  if (process === undefined || store === undefined) return undefined;
  return world.time.as(process.main, () => store.run(verb, input));
}

const WAITING_SQL = `
  SELECT id, (SELECT key FROM effects WHERE effects.task_id = tasks.id AND status IN ('PENDING', 'UNKNOWN')) AS key
  FROM tasks WHERE state = 'RETRY_WAIT' AND reason_code = 'EFFECT_UNKNOWN' ORDER BY id`;

/** The operator says what he sees when he has seen a task wait for so many looks: no act takes longer. */
const PATIENT_LOOKS = 5;

/** One look at the waiting tasks. */
export function operate(world: World, running: Running): void {
  for (const { id, key } of world.reader.all<{ id: string; key: string | null }>(WAITING_SQL)) {
    if (countUp(world.counts, `seen ${id}`) % PATIENT_LOOKS !== 0) continue;
    const outcome = key !== null && world.performed.has(key) ? "happened" : "did_not";
    world.trace(`operator says ${outcome} about ${id}`);
    countUp(world.counts, `resolved ${outcome}`);
    const input = { taskId: id, outcome, happenedText: "an operator saw it" } as const;
    send(world, running, resolveEffect, input)?.catch(() => {});
  }
}

const DEAD_SQL = "SELECT id FROM tasks WHERE state = 'DEAD_LETTER' ORDER BY id";

/** Brings each dead task back, once. */
export function revive(world: World, running: Running): void {
  for (const { id } of world.reader.all<{ id: string }>(DEAD_SQL)) {
    if (world.counts.has(`revived ${id}`)) continue;
    const sent = send(world, running, retryDeadLetter, { taskId: id });
    sent?.then(() => countUp(world.counts, `revived ${id}`)).catch(() => {});
  }
}

const OPEN_SQL = "SELECT id FROM tasks WHERE finished_at IS NULL ORDER BY id";

/** Cancels a task that has not ended. */
export function changeMind(world: World, running: Running): void {
  const open = world.reader.all<{ id: string }>(OPEN_SQL);
  const chosen = open[world.between(0, open.length - 1)];
  if (chosen === undefined) return;
  world.trace(`cancel ${chosen.id}`);
  send(world, running, cancel, { taskId: chosen.id })?.catch(() => {});
}
