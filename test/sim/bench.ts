// A writer and a store on virtual threads with nothing else around them: for tests of what the two do in the moment of
// a fault.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Code } from "../../src/domain/error.ts";
import type { DurableEvent } from "../../src/domain/event.ts";
import { createHeartbeat } from "../../src/queue/heartbeat.ts";
import { loadCounts } from "../../src/queue/transition.ts";
import type { SqliteBinding } from "../../src/store/database.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { startWriterThread } from "../../src/store/thread.ts";
import type { Tx } from "../../src/store/tx.ts";
import { VERBS } from "../../src/verbs.ts";
import { makeScratch, productMigrations } from "../support/inline-writer.ts";
import { BOOT } from "../support/inputs.ts";
import { createSeededRandom } from "../support/manual-clock.ts";
import { type Disk, installDisk } from "./disk.ts";
import { createLink } from "./link.ts";
import { VirtualTime } from "./time.ts";

export const BENCH_LEASE_MS = 2_000;

export interface Bench {
  readonly time: VirtualTime;
  readonly disk: Disk;
  readonly store: Store;
  readonly defects: string[];
  readonly faults: (Code | null)[];
  readonly published: DurableEvent[];
  /** Counts in the writer's memory. */
  count(name: string): number;
  /** What the writer loads SQLite from, when it opens the file anew. */
  setBinding(binding: SqliteBinding): void;
  /** Lets `ms` pass; the main loop shows that it is alive while it does. */
  pass(ms: number): Promise<void>;
  /** Runs until the promise settles; fails when it has not after a virtual minute. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
}

export async function openBench(): Promise<Bench> {
  const directory = makeScratch();
  const file = join(directory, "goclaw.db");
  const time = new VirtualTime();
  const disk = installDisk();
  time.install();
  const link = createLink(time, "main", "writer", () => 0.5);
  const [defects, faults, published]: [string[], (Code | null)[], DurableEvent[]] = [[], [], []];
  let tx: Tx | undefined;
  let binding: SqliteBinding;
  time.as("writer", () =>
    startWriterThread({
      ...{ file, port: link.port, clock: time.clock, random: createSeededRandom(1), verbs: VERBS },
      ...{
        migrations: productMigrations(),
        chores: [createHeartbeat(BOOT, BENCH_LEASE_MS)],
        backup: () => {},
      },
      load: (loading) => {
        tx = loading;
        loadCounts(loading);
      },
      get binding() {
        return binding;
      },
    }),
  );
  const until = async <Value>(promise: Promise<Value>): Promise<Value> => {
    let done = false;
    const end = promise.finally(() => {
      done = true;
    });
    end.catch(() => {});
    const deadlineMs = time.clock.monoMs() + 60_000;
    for (let going = true; going && !done; ) {
      going = await time.step();
      if (time.clock.monoMs() > deadlineMs) break;
    }
    if (!done) throw new Error("a virtual minute passed without the end of it");
    return end;
  };
  const opening = time.as("main", () =>
    openStore({
      ...{ file, binding: undefined, worker: link.worker },
      onEvents: (events) => published.push(...events),
      onDefect: (verb, message) => defects.push(`${verb}: ${message}`),
      onFault: (fault) => faults.push(fault),
      onLost: () => defects.push("lost"),
    }),
  );
  const store = await until(opening);
  time.at("main", 0, () => store.pulse(), BENCH_LEASE_MS / 4);
  onTestFinished(() => {
    time.kill("main");
    time.kill("writer");
    link.force({ type: "close" });
    void store.close();
    time.uninstall();
    disk.uninstall();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    ...{ time, disk, store, defects, faults, published, until },
    count: (name) => tx?.count(name) ?? 0,
    setBinding: (next) => {
      binding = next;
    },
    pass: async (ms) => {
      const endMs = time.clock.monoMs() + ms;
      let over = false;
      time.outside(ms, () => {
        over = true;
      });
      while (!over && time.clock.monoMs() <= endMs) await time.step();
    },
  };
}
