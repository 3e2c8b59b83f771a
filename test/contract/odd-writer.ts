// The root of a writer thread for the store suite: the product's thread with the suite's verbs beside its own.

import { parentPort, workerData } from "node:worker_threads";
import { createHeartbeat } from "../../src/queue/heartbeat.ts";
import { loadCounts } from "../../src/queue/transition.ts";
import { startWriterThread } from "../../src/store/thread.ts";
import { systemClock, systemRandom } from "../../src/system.ts";
import { VERBS } from "../../src/verbs.ts";
import { productMigrations } from "../support/inline-writer.ts";
import { ODD_VERBS } from "./odd-verbs.ts";

const { file } = workerData as { file: string };

if (parentPort !== null) {
  startWriterThread({
    ...{ file, binding: undefined, port: parentPort, clock: systemClock, random: systemRandom },
    ...{ verbs: [...VERBS, ...ODD_VERBS], migrations: productMigrations(), load: loadCounts },
    chores: [createHeartbeat("boot-1", 60_000)],
    backup: () => {},
  });
}
