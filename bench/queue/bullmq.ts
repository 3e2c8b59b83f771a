// BullMQ on a Redis that this bench started; how durable an acknowledgement is, the server's appendfsync decides.

import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { type OpenQueue, PROMPT } from "./contract.ts";

const FILL_JOBS = 1_000;

export const openBullmq: OpenQueue = async ({ redisPort }) => {
  const connection = () => new Redis({ host: "127.0.0.1", port: redisPort, maxRetriesPerRequest: null });
  await connection().flushall();
  const queue = new Queue("bench", { connection: connection() });
  const payload = (tag: number): object => ({ tag, prompt: PROMPT });
  return {
    blocks: false,
    enqueue: async (tag) => void (await queue.add("job", payload(tag))),
    fill: async (count) => {
      for (let tag = 0; tag < count; tag += FILL_JOBS) {
        const part = Array.from({ length: Math.min(FILL_JOBS, count - tag) }, (_, index) => tag + index);
        await queue.addBulk(part.map((each) => ({ name: "job", data: payload(each) })));
      }
    },
    work: async (lanes, onStart, onEnd) => {
      const worker = new Worker("bench", async (job: { data: { tag: number } }) => onStart(job.data.tag), {
        connection: connection(),
        concurrency: lanes,
      });
      worker.on("completed", () => onEnd());
      worker.on("error", (error: Error) => console.error("bullmq", error.message));
      await worker.waitUntilReady();
    },
  };
};
