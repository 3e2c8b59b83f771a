// The two ends of the store, writer thread and main thread, joined by a message channel whose deliveries are timers of
// the virtual clock: messages keep their order, take a seeded while, and die with the thread they were for.

import { EventEmitter } from "node:events";
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import type { FromWriter, ToWriter } from "../../src/store/wire.ts";
import type { Thread, VirtualTime } from "./time.ts";

export interface Link {
  /** For startWriterThread. */
  readonly port: MessagePort;
  /** For openStore. */
  readonly worker: Worker;
  /** Hands the writer a message past the queue; the simulation uses it to close a dead process's connection. */
  force(message: ToWriter): void;
}

export function createLink(time: VirtualTime, main: Thread, writer: Thread, delayMs: () => number): Link {
  const { port1, port2 } = new MessageChannel();
  const worker = new EventEmitter();
  let receive: (message: ToWriter) => void = () => {};
  const toWriter = createLane(time, writer, delayMs);
  const toMain = createLane(time, main, delayMs);

  const port = Object.assign(port1, {
    on: (_event: string, listener: (message: ToWriter) => void) => {
      receive = listener;
      return port1;
    },
    postMessage: (message: FromWriter) => {
      const copy = structuredClone(message);
      toMain(() => void worker.emit("message", copy));
    },
    close: () => {
      receive = () => {};
      toMain(() => void worker.emit("exit", 0));
      port2.close();
    },
  });
  Object.assign(worker, {
    postMessage: (message: ToWriter) => {
      port2.postMessage(message);
      toWriter(() => {
        // A batch may have drained it already.
        const next = receiveMessageOnPort(port1) as { message: ToWriter } | undefined;
        if (next !== undefined) receive(next.message);
      });
    },
  });
  return { port: port as unknown as MessagePort, worker: worker as unknown as Worker, force: receiveNow };

  function receiveNow(message: ToWriter): void {
    receive(message);
  }
}

/** Deliveries to one thread: each a little later than now, none before the one sent before it. */
function createLane(time: VirtualTime, to: Thread, delayMs: () => number): (deliver: () => void) => void {
  let lastMs = 0;
  return (deliver) => {
    const nowMs = time.clock.monoMs();
    lastMs = Math.max(lastMs, nowMs + delayMs());
    time.at(to, lastMs - nowMs, deliver);
  };
}
