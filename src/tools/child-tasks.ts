// Tasks that a task makes. A child goes through the same intake as any task, under a key of the act that made it, so that
// the act repeated after a crash finds its child and makes no second; how many there may be, and whose, is bounded here.

import type { Agent } from "../domain/agent.ts";
import { GoclawError } from "../domain/error.ts";
import { coversAgent } from "../domain/key.ts";
import { findKeyScope } from "../policy/api-keys.ts";
import { enqueue } from "../queue/enqueue.ts";
import { CHILD_KEY_PREFIX } from "../queue/wake-parent.ts";
import { type Child, findChild, findStanding, type Standing } from "../store/family.ts";
import type { Store } from "../store/store.ts";

export const DEPTH_MAX = 5;
export const CHILDREN_MAX = 20;
const FAMILY_MAX = 100;

export interface ChildOrder {
  readonly parentId: string;
  readonly effectKey: string;
  /** SHA-256 of the call, which is the same at every repetition. */
  readonly digest: string;
  readonly prompt: string;
  /** Undefined is the parent's own. */
  readonly agentId: string | undefined;
  readonly priority: number | undefined;
}

export interface ChildTasks {
  /** The child that an act made before; undefined when it made none. */
  find(effectKey: string): Child | undefined;
  /** Queues a child; throws LIMIT_CHILDREN, AGENT_NOT_FOUND, KEY_DENIED or QUEUE_FULL and has made none then. */
  make(order: ChildOrder): Promise<Child>;
}

export interface ChildTasksPorts {
  readonly store: Store;
  readonly agents: readonly Agent[];
  readonly newId: () => string;
  readonly maxAttempts: number;
}

export function createChildTasks(ports: ChildTasksPorts): ChildTasks {
  const { store, newId, maxAttempts } = ports;
  const find = (effectKey: string): Child | undefined =>
    findChild(store.reader, `${CHILD_KEY_PREFIX}${effectKey}`);
  // One after the other: two that look at the same family at once would both find room for the last child.
  let making: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(make: () => Promise<T>): Promise<T> => {
    const made = making.then(make, make);
    making = made;
    return made;
  };
  const make: ChildTasks["make"] = async ({ parentId, effectKey, digest, prompt, agentId, priority }) => {
    const parent = findStanding(store.reader, parentId);
    if (parent === undefined)
      throw new GoclawError("TASK_NOT_FOUND", `there is no task ${parentId} any more`);
    refuseWhenMany(parent);
    const agent = findAgent(ports, parent, agentId ?? parent.agentId);
    await store.run(enqueue, {
      id: newId(),
      sessionId: newId(),
      agentId: agent.id,
      kind: "chat",
      prompt,
      priority: priority ?? parent.priority,
      maxAttempts,
      maxQueueDepth: agent.maxQueueDepth,
      model: agent.id === parent.agentId ? parent.model : null,
      sampling: {},
      output: agent.output ?? null,
      parentId,
      keyId: parent.keyId,
      ...(parent.scheduleId === null ? {} : { schedule: { id: parent.scheduleId, slotAt: null } }),
      traceId: parent.traceId,
      idempotency: { key: `${CHILD_KEY_PREFIX}${effectKey}`, digest },
    });
    const child = find(effectKey);
    if (child === undefined) throw new Error(`the child of ${parentId} was queued and is not there`);
    return child;
  };
  return { find, make: (order) => inTurn(() => make(order)) };
}

function refuseWhenMany({ depth, children, family }: Standing): void {
  const say = (why: string): GoclawError =>
    new GoclawError("LIMIT_CHILDREN", `${why}; do the work yourself, or say what is left to do`);
  if (depth >= DEPTH_MAX)
    throw say(`${depth} tasks are above this one, and no more than ${DEPTH_MAX} may be`);
  if (children >= CHILDREN_MAX) throw say(`this task has made ${children} child tasks, as many as it may`);
  if (family >= FAMILY_MAX)
    throw say(`${family} tasks come from the one that began all this, as many as there may be`);
}

/** One there is, and one that the API key which the family began with may talk to. */
function findAgent({ store, agents }: ChildTasksPorts, parent: Standing, id: string): Agent {
  const key = parent.keyId === null ? undefined : findKeyScope(store.reader, parent.keyId);
  const reachable = agents.filter((agent) => key === undefined || coversAgent(key, agent.id));
  const known = reachable.map((agent) => agent.id).join(", ");
  const agent = reachable.find((candidate) => candidate.id === id);
  if (agent !== undefined) return agent;
  const isThere = agents.some((candidate) => candidate.id === id);
  throw isThere
    ? new GoclawError("KEY_DENIED", `API key ${key?.name} is not for agent ${id}; it is for: ${known}`)
    : new GoclawError("AGENT_NOT_FOUND", `there is no agent ${JSON.stringify(id)}; there are: ${known}`);
}
