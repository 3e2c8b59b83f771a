// In-process publish and subscribe over the one event union. Delivery is synchronous and in order; a subscriber that
// throws is reported and does not disturb the others or the publisher.

import type { GoclawEvent, TaskEvent } from "../domain/event.ts";

export type Listener = (event: GoclawEvent) => void;
export type TaskListener = (event: TaskEvent) => void;
export type Unsubscribe = () => void;

export interface Bus {
  publish(event: GoclawEvent): void;
  /** Every event of every task. */
  subscribe(listener: Listener): Unsubscribe;
  /** The events of one task; costs nothing to the other tasks. */
  subscribeTask(taskId: string, listener: TaskListener): Unsubscribe;
  /** True when somebody listens to this task: deltas for nobody need not be made. */
  hasTaskListener(taskId: string): boolean;
}

export function createBus(onListenerError: (error: unknown) => void): Bus {
  const everyone = new Set<Listener>();
  const byTask = new Map<string, Set<TaskListener>>();

  const deliver = <Event>(listener: (event: Event) => void, event: Event): void => {
    try {
      listener(event);
    } catch (error) {
      onListenerError(error);
    }
  };

  return {
    publish: (event) => {
      for (const listener of everyone) deliver(listener, event);
      if (!("taskId" in event)) return;
      const listeners = byTask.get(event.taskId);
      if (listeners !== undefined) for (const listener of [...listeners]) deliver(listener, event);
    },
    subscribe: (listener) => {
      everyone.add(listener);
      return () => void everyone.delete(listener);
    },
    subscribeTask: (taskId, listener) => {
      const listeners = byTask.get(taskId) ?? new Set();
      byTask.set(taskId, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && byTask.get(taskId) === listeners) byTask.delete(taskId);
      };
    },
    hasTaskListener: (taskId) => byTask.has(taskId),
  };
}
