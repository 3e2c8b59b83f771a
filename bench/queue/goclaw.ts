// GoClaw's own queue, from its sources and put together as the daemon puts it together: configuration, bus, store
// thread. The lanes here claim with the engine's discipline (one claim under way, for all free lanes) and run nothing.

import { ensureHome } from "../../src/config/first-run.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import type { GoclawEvent } from "../../src/domain/event.ts";
import { createIds } from "../../src/domain/ids.ts";
import type { ClaimedTask } from "../../src/domain/task.ts";
import { finish } from "../../src/engine/finish.ts";
import { sqliteBinding, startWriter } from "../../src/native.ts";
import { type Ground, layGround, startStore } from "../../src/parts.ts";
import { claim } from "../../src/queue/claim.ts";
import { type EnqueueInput, enqueue } from "../../src/queue/enqueue.ts";
import type { Store } from "../../src/store/store.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { PROMPT } from "./contract.ts";

const POLICY_VERSION = "bench";
const newId = createIds(systemClock, systemRandom);

export interface Ours {
  readonly ground: Ground;
  readonly store: Store;
}

/** Opens the home `directory`, which no daemon may have open. */
export async function openOurs(directory: string): Promise<Ours> {
  const paths = resolvePaths(directory);
  ensureHome(paths, systemRandom);
  const ground = layGround(paths, loadConfig({ paths, env: {} }), newId(), newId, true);
  return { ground, store: await startStore(ground, sqliteBinding(), startWriter(), () => {}) };
}

/** What a submission over the API becomes: three new ids, a session of its own. */
export function newTask(priority = 0): EnqueueInput {
  return {
    id: newId(),
    sessionId: newId(),
    agentId: "default",
    kind: "chat",
    prompt: PROMPT,
    priority,
    maxAttempts: 3,
    maxQueueDepth: 0,
    model: null,
    sampling: {},
    parentId: null,
    traceId: newId(),
    idempotency: null,
  };
}

export function claimUpTo({ store, ground }: Ours, slots: number): Promise<ClaimedTask[]> {
  const { bootId: owner, config } = ground;
  const { leaseMs } = config;
  return store.run(claim, { owner, leaseMs, slots, agentSlots: {}, policyVersion: POLICY_VERSION });
}

export async function enqueueOne({ store }: Ours, priority = 0): Promise<void> {
  await store.run(enqueue, newTask(priority));
}

export async function finishOne({ store }: Ours, task: ClaimedTask): Promise<void> {
  const result = { text: "done" };
  await store.run(finish, { taskId: task.id, fence: task.fence, result, lastAnswer: null });
}

/** Lanes that claim and finish without running anything; woken as the engine is, by events. */
export function startVerbLanes(ours: Ours, lanes: number, onEnd: () => void): void {
  let free = lanes;
  let claiming = false;
  let wanted = false;
  const wake = async (): Promise<void> => {
    wanted = true;
    if (claiming) return;
    claiming = true;
    while (wanted && free > 0) {
      wanted = false;
      const slots = free;
      const tasks = await claimUpTo(ours, slots);
      free -= tasks.length;
      for (const task of tasks) void end(task);
      wanted ||= tasks.length === slots;
    }
    claiming = false;
  };
  const end = async (task: ClaimedTask): Promise<void> => {
    await finishOne(ours, task);
    free++;
    onEnd();
    void wake();
  };
  ours.ground.bus.subscribe((event: GoclawEvent) => {
    if (event.type === "task.enqueued") void wake();
  });
  void wake();
}
