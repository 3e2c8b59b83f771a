// Every implementation of Store, opened on a home of its own. A second one (PostgreSQL) becomes a row here and has to
// pass the same suite.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { DurableEvent } from "../../src/domain/event.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { makeScratch } from "../support/inline-writer.ts";

export interface StoreRig {
  readonly store: Store;
  readonly file: string;
  readonly published: DurableEvent[];
  readonly defects: string[];
  /** Called with each batch of events, inside publication. */
  onPublish(listener: (events: readonly DurableEvent[]) => void): void;
  close(): Promise<void>;
}

export const STORES: Readonly<Record<string, () => Promise<StoreRig>>> = {
  "SQLite on a thread": openSqlite,
};

async function openSqlite(): Promise<StoreRig> {
  const directory = makeScratch();
  const file = join(directory, "goclaw.db");
  const published: DurableEvent[] = [];
  const defects: string[] = [];
  let listener: (events: readonly DurableEvent[]) => void = () => {};
  const store = await openStore({
    ...{ file, binding: undefined },
    worker: new Worker(new URL("./odd-writer.ts", import.meta.url), { workerData: { file } }),
    onEvents: (events) => {
      published.push(...events);
      listener(events);
    },
    onDefect: (verb, message) => defects.push(`${verb}: ${message}`),
    onFault: (fault) => defects.push(`fault ${fault}`),
    onLost: () => defects.push("lost"),
  });
  let closed: Promise<void> | undefined;
  return {
    ...{ store, file, published, defects },
    onPublish: (next) => {
      listener = next;
    },
    close: async () => {
      closed ??= store.close();
      await closed;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
