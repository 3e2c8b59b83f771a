// The port between the tools and the thread that reads HTML, and its caller: one thread a page, ended after its answer
// or its deadline. A page can be written so that parsing it takes minutes; nobody else waits for that.

import { setTimeout as delay } from "node:timers/promises";
import type { Worker } from "node:worker_threads";

export type PageJob =
  | { readonly kind: "article"; readonly html: string; readonly url: string }
  | { readonly kind: "results"; readonly html: string };

export interface Article {
  readonly title: string;
  readonly markdown: string;
}

export interface SearchResult {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
}

export type PageRead =
  | { readonly type: "article"; readonly article: Article }
  | { readonly type: "results"; readonly results: readonly SearchResult[] }
  /** Of the processor, the clock or the memory. */
  | { readonly type: "too_much" }
  | { readonly type: "failed"; readonly why: string };

export type ReadPage = (job: PageJob, signal: AbortSignal) => Promise<PageRead>;

/** `ready` when its code is loaded, then the answer. */
export type PageMessage = "ready" | PageRead;

export interface PageLimits {
  /** Of the thread, from the page's arrival to the answer. */
  readonly processorMs: number;
  /** From the start of the thread to the answer, however little of the processor it was given. */
  readonly totalMs: number;
}

const LIMITS: PageLimits = { processorMs: 1_000, totalMs: 4_000 };
const LEAST_WAIT_MS = 20;

export function createPageReader(start: () => Worker, limits: PageLimits = LIMITS): ReadPage {
  return async (job, signal) => {
    if (signal.aborted) return { type: "failed", why: "aborted" };
    const { promise, resolve } = Promise.withResolvers<PageRead>();
    const worker = start();
    const late = (): void => resolve({ type: "too_much" });
    const stop = (): void => resolve({ type: "failed", why: "aborted" });
    signal.addEventListener("abort", stop, { once: true });
    const timer = setTimeout(late, limits.totalMs);
    const meter = new AbortController();
    worker.on("message", (message: PageMessage) => {
      if (message !== "ready") return resolve(message);
      worker.postMessage(job);
      // A thread that has ended cannot be asked, and its end is the answer.
      void passesMs(worker, limits.processorMs, meter.signal).then(late, () => {});
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ERR_WORKER_OUT_OF_MEMORY") late();
      else resolve({ type: "failed", why: error.message });
    });
    worker.on("exit", () => resolve({ type: "failed", why: "the reader ended" }));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      meter.abort();
      signal.removeEventListener("abort", stop);
      await worker.terminate();
    }
  };
}

/** Resolves when the thread has used so much of the processor since now: it cannot have before that much time passed. */
async function passesMs(worker: Worker, limitMs: number, signal: AbortSignal): Promise<void> {
  const before = await worker.cpuUsage();
  for (let leftMs = limitMs; leftMs > 0; ) {
    await delay(Math.max(leftMs, LEAST_WAIT_MS), undefined, { signal });
    const { user, system } = await worker.cpuUsage(before);
    leftMs = limitMs - (user + system) / 1_000;
  }
}
