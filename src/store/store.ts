// The main thread's side of the store: sends verbs to the writer, one message per turn of the event loop, and
// publishes the events of every commit before it resolves the calls that caused them.

import type { Worker } from "node:worker_threads";
import type Database from "better-sqlite3";
import { type Code, codeOf, GoclawError } from "../domain/error.ts";
import type { DurableEvent } from "../domain/event.ts";
import { openReadOnly, type SqliteBinding } from "./database.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Verb } from "./verb.ts";
import type { Call, CallResult, FromWriter, ToWriter } from "./wire.ts";

export interface Store {
  /** Resolves after COMMIT with synchronous=FULL; rejects with GoclawError when refused or not durable. */
  run<Input, Output>(verb: Verb<Input, Output>, input: Input): Promise<Output>;
  /** Like run, but a storage fault is waited out and the verb sent again: for outcomes that must not be dropped. */
  insist<Input, Output>(verb: Verb<Input, Output>, input: Input): Promise<Output>;
  readonly reader: Reader;
  /** The storage fault that makes the writer refuse, or null. */
  fault(): Code | null;
  /** Resolves at once when there is no fault, else when it is over. */
  healthy(): Promise<void>;
  /** Tells the writer that the main loop is alive, so that it renews leases. */
  pulse(): void;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly file: string;
  readonly binding: SqliteBinding;
  readonly worker: Worker;
  readonly onEvents: (events: readonly DurableEvent[]) => void;
  /** Goes over everything that verbs are given, before the writer has it: nothing secret gets into the database. */
  readonly clean?: <Input>(input: Input) => Input;
  /** Something was committed that a verb did, whether or not it appended an event. */
  readonly onCommit?: () => void;
  readonly onDefect: (verb: string, message: string, stack: string) => void;
  /** `why` says a fault in words. */
  readonly onFault: (fault: Code | null, why: string) => void;
  /** The writer thread ended without being asked: nothing can be promised any more. */
  readonly onLost: () => void;
}

const CROWD_CALLS = 32;

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Waits until the writer has opened, checked and migrated the database. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const mailbox = new Mailbox(options);
  await mailbox.opened;
  let db: Database.Database;
  try {
    db = openReadOnly(options.file, options.binding);
  } catch (error) {
    await mailbox.close();
    throw error;
  }
  return {
    run: (verb, input) => mailbox.call(verb.name, input),
    insist: (verb, input) => mailbox.insist(verb.name, input),
    reader: createReader(db),
    fault: () => mailbox.fault,
    healthy: () => mailbox.healthy(),
    pulse: () => mailbox.post({ type: "pulse" }),
    close: async () => {
      db.close();
      await mailbox.close();
    },
  };
}

class Mailbox {
  readonly opened: Promise<void>;
  fault: Code | null = null;
  readonly #options: StoreOptions;
  readonly #pending: Pending[] = [];
  readonly #ended: Promise<void>;
  #outbox: Call[] = [];
  #healthWaiters: (() => void)[] = [];
  #opened = false;
  #closing = false;
  #gone = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    const { worker } = options;
    this.opened = new Promise((resolve, reject) => {
      worker.on("message", (message: FromWriter) => {
        if (message.type === "ready") {
          this.#opened = true;
          resolve();
        } else if (message.type === "refused") reject(new GoclawError(message.code, message.message));
        else this.#receive(message);
      });
      worker.on("error", (error) => {
        options.onDefect("writer", error.message, error.stack ?? "");
        reject(error);
      });
    });
    this.#ended = new Promise((resolve) => {
      worker.on("exit", () => {
        this.#gone = true;
        for (const { reject } of this.#pending.splice(0)) reject(closedError());
        resolve();
        if (this.#opened && !this.#closing) options.onLost();
      });
    });
  }

  call<Output>(verb: string, input: unknown): Promise<Output> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(closedError());
      this.#pending.push({ resolve, reject });
      const waiting = this.#outbox.push({ verb, input: this.#options.clean?.(input) ?? input });
      // One message per turn of the loop; a crowd is sent on in parts, so that the writer starts while it still forms.
      if (waiting === 1) setImmediate(() => this.#flush());
      else if (waiting === CROWD_CALLS) this.#flush();
    });
  }

  async insist<Output>(verb: string, input: unknown): Promise<Output> {
    for (;;) {
      try {
        return await this.call<Output>(verb, input);
      } catch (error) {
        const code = codeOf(error);
        if (code !== "DISK_FULL" && code !== "IO_ERROR") throw error;
        await this.healthy();
      }
    }
  }

  post(message: ToWriter): void {
    if (!this.#gone) this.#options.worker.postMessage(message);
  }

  healthy(): Promise<void> {
    if (this.fault === null) return Promise.resolve();
    return new Promise((resolve) => this.#healthWaiters.push(resolve));
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#flush();
    this.post({ type: "close" });
    await this.#ended;
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    const calls = this.#outbox;
    this.#outbox = [];
    this.post({ type: "calls", calls });
  }

  #receive(message: FromWriter): void {
    if (message.type === "committed") {
      if (message.events.length > 0) this.#options.onEvents(message.events);
      if (message.results.length > 0) this.#options.onCommit?.();
      for (const result of message.results) settle(this.#pending.shift(), result);
    } else if (message.type === "health") {
      this.fault = message.fault;
      this.#options.onFault(message.fault, message.why);
      if (message.fault === null) for (const resolve of this.#healthWaiters.splice(0)) resolve();
    } else if (message.type === "defect") {
      this.#options.onDefect(message.verb, message.message, message.stack);
    }
  }
}

function settle(pending: Pending | undefined, result: CallResult): void {
  if (pending === undefined) return;
  if (result.ok) {
    pending.resolve(result.value as never);
    return;
  }
  const after = result.retryAfterSeconds;
  pending.reject(
    new GoclawError(result.code, result.message, after === undefined ? {} : { retryAfterSeconds: after }),
  );
}

function closedError(): GoclawError {
  return new GoclawError("SHUTTING_DOWN", "the store is closed; the daemon is stopping");
}
