// GoClaw's own queue, from its sources: the real store thread, the real verbs, the real bus. `verbs` consumes with the
// engine's discipline (one claim under way, for all free lanes) and no agent; `engine` is the engine itself.

import { createBus } from "../../src/bus/bus.ts";
import type { GoclawEvent } from "../../src/domain/event.ts";
import { createIds } from "../../src/domain/ids.ts";
import type { ClaimedTask } from "../../src/domain/task.ts";
import { finish } from "../../src/engine/finish.ts";
import { startWriter } from "../../src/native.ts";
import { claim } from "../../src/queue/claim.ts";
import { type EnqueueInput, enqueue } from "../../src/queue/enqueue.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { PROMPT } from "./contract.ts";

export const LEASE_MS = 30_000;
export const POLICY_VERSION = "bench";
const newId = createIds(systemClock, systemRandom);
const BOOT_ID = newId();

export type Bus = ReturnType<typeof createBus>;

export interface Ours {
  readonly store: Store;
  readonly bus: Bus;
  readonly bootId: string;
}

/** Opens `file` as the daemon does: events go to the bus before the calls that caused them resolve. */
export async function openOurs(file: string, backups: string): Promise<Ours> {
  const bus = createBus((error) => console.error("bus", error));
  const store = await openStore({
    file,
    binding: undefined,
    worker: startWriter({ file, backups, bootId: BOOT_ID, leaseMs: LEASE_MS }),
    onEvents: (events) => events.forEach(bus.publish),
    onDefect: (verb, message) => console.error("defect", verb, message),
    onFault: (fault) => console.error("fault", fault),
    onLost: () => console.error("the writer thread is gone"),
  });
  return { store, bus, bootId: BOOT_ID };
}

/** What a submission over the API becomes: three new ids, a session of its own. */
export function newTask(tag: number, priority = 0): EnqueueInput {
  return {
    id: newId(),
    sessionId: newId(),
    agentId: "default",
    kind: "chat",
    prompt: `${PROMPT} ${tag}`,
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

export function claimUpTo({ store, bootId }: Ours, slots: number): Promise<ClaimedTask[]> {
  return store.run(claim, {
    owner: bootId,
    leaseMs: LEASE_MS,
    slots,
    agentSlots: {},
    policyVersion: POLICY_VERSION,
  });
}

export async function enqueueOne({ store }: Ours, tag: number, priority = 0): Promise<void> {
  await store.run(enqueue, newTask(tag, priority));
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
  ours.bus.subscribe((event: GoclawEvent) => {
    if (event.type === "task.enqueued") void wake();
  });
  void wake();
}
