// plainjob on the product's own SQLite. It sets synchronous=NORMAL: a power cut may take its last commits, so its rates
// are not those of a crash-durable queue. Workers poll once a second by default, and that is left as it is.

import { join } from "node:path";
import Database from "better-sqlite3";
import { better, defineQueue, defineWorker } from "plainjob";
import { type OpenQueue, PROMPT } from "./contract.ts";

const logger = { error: console.error, warn: () => {}, info: () => {}, debug: () => {} };

export const openPlainjob: OpenQueue = async ({ directory }) => {
  const db = new Database(join(directory, "plainjob.db"));
  const queue = defineQueue({ connection: better(db), logger });
  const payload = (tag: number): object => ({ tag, prompt: PROMPT });
  return {
    blocks: true,
    enqueue: async (tag) => void queue.add("job", payload(tag)),
    fill: async (count) =>
      void queue.addMany(
        "job",
        Array.from({ length: count }, (_, tag) => payload(tag)),
      ),
    work: async (lanes, onStart, onEnd) => {
      // It commits the end after the handler, without telling: the next job of the lane is the acknowledgement.
      const process = async (job: { data: string }): Promise<void> => {
        onStart((JSON.parse(job.data) as { tag: number }).tag);
        await new Promise((resolve) => setImmediate(resolve));
        onEnd();
      };
      for (let lane = 0; lane < lanes; lane++) void defineWorker("job", process, { queue, logger }).start();
    },
  };
};
