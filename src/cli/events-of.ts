// Reads the durable events of a task from the log, in order and without a gap, whatever woke the reader.

import type { WireEvent } from "../rpc/wire.ts";
import { LostDaemon } from "./api.ts";
import type { Link } from "./link.ts";

const PAGE = 500;

/** Hands every event after `after` to `onEvent`; returns the last sequence number. */
export async function readEvents(
  link: Link,
  taskId: string,
  after: number,
  onEvent: (event: WireEvent) => void,
): Promise<number> {
  let last = after;
  for (;;) {
    const path = `/api/v1/tasks/${encodeURIComponent(taskId)}/events?after=${last}&limit=${PAGE}`;
    const page = await link.api.get<{ events: WireEvent[]; next_cursor: number | null }>(path);
    for (const event of page.events) {
      onEvent(event);
      last = event.seq;
    }
    if (page.next_cursor === null || page.events.length === 0) return last;
  }
}

export interface EventPump {
  /** There is something new. */
  wake(): void;
  /** Resolves when everything that is in the log now has been handed on. */
  drain(): Promise<void>;
}

/** Hands events on as they come. A lost daemon is left to the one who follows the task. */
export function createPump(link: Link, taskId: string, onEvent: (event: WireEvent) => void): EventPump {
  let last = 0;
  let asked = false;
  let chain: Promise<void> = Promise.resolve();
  const pull = async (): Promise<void> => {
    asked = false;
    last = await readEvents(link, taskId, last, (event) => {
      last = event.seq;
      onEvent(event);
    });
  };
  return {
    wake: () => {
      if (asked) return;
      asked = true;
      chain = chain.then(pull).catch((error: unknown) => {
        if (!(error instanceof LostDaemon)) throw error;
      });
      chain.catch(() => {});
    },
    drain: async () => {
      await chain;
      await pull();
    },
  };
}
