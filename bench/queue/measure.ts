// One measurement of one system in a process of its own; the parent asks for it with a JSON input.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { childInput, tell } from "../kit/child.ts";
import { makeDirectory } from "../kit/place.ts";
import { percentile } from "../kit/stats.ts";
import { sleep } from "../kit/wait.ts";
import type { OpenQueue, Queue } from "./contract.ts";

export interface MeasureInput {
  readonly system: string;
  readonly phase: "enqueue" | "drain" | "pickup";
  /** Callers, or lanes. */
  readonly width: number;
  readonly seconds: number;
  readonly redisPort: number;
}

export interface EnqueueResult {
  readonly perSecond: number;
  readonly loopDelayMs: number;
}
export interface DrainResult {
  readonly perSecond: number;
}
export interface PickupResult {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Loaded one at a time: no system carries the code of another. */
const OPEN: Readonly<Record<string, () => Promise<OpenQueue>>> = {
  goclaw: async () => (await import("./open-goclaw.ts")).openVerbs,
  "goclaw-engine": async () => (await import("./open-goclaw.ts")).openEngine,
  single: async () => (await import("./limit.ts")).openSingle,
  grouped: async () => (await import("./limit.ts")).openGrouped,
  plainjob: async () => (await import("./plainjob.ts")).openPlainjob,
  "bullmq-always": async () => (await import("./bullmq.ts")).openBullmq,
  "bullmq-everysec": async () => (await import("./bullmq.ts")).openBullmq,
};

const WARM_UP_MS = 400;
const YIELD_EVERY = 64;
/** More than any system here drains in the time given. */
const FILL_PER_SECOND = 40_000;
const PICKUPS = 80;
const PICKUP_EVERY_MS = 25;
const LOOP_RESOLUTION_MS = 1;

async function measureEnqueue(queue: Queue, { width, seconds }: MeasureInput): Promise<EnqueueResult> {
  let acknowledged = 0;
  let stopping = false;
  let yieldedAt = 0;
  let turn: Promise<void> | undefined;
  const callers = Array.from({ length: width }, async () => {
    while (!stopping) {
      await queue.enqueue(acknowledged++);
      if (!queue.blocks) continue;
      if (acknowledged - yieldedAt >= YIELD_EVERY) {
        yieldedAt = acknowledged;
        turn = new Promise((resolve) => setImmediate(resolve));
      }
      await turn;
    }
  });
  await sleep(WARM_UP_MS);
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  const before = acknowledged;
  const startedMs = performance.now();
  await sleep(seconds * 1_000);
  const perSecond = ((acknowledged - before) / (performance.now() - startedMs)) * 1_000;
  delay.disable();
  stopping = true;
  await Promise.all(callers);
  return { perSecond, loopDelayMs: Math.max(0, delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS) };
}

async function measureDrain(queue: Queue, { width, seconds }: MeasureInput): Promise<DrainResult> {
  const filled = Math.ceil(FILL_PER_SECOND * (seconds + WARM_UP_MS / 1_000));
  await queue.fill(filled);
  let ended = 0;
  let lastMs = 0;
  const all = Promise.withResolvers<void>();
  await queue.work(
    width,
    () => {},
    () => {
      lastMs = performance.now();
      if (++ended >= filled) all.resolve();
    },
  );
  await sleep(WARM_UP_MS);
  const before = ended;
  const startedMs = performance.now();
  await Promise.race([sleep(seconds * 1_000), all.promise]);
  if (ended === before) throw new Error("nothing was drained while the clock ran: fill more");
  return { perSecond: ((ended - before) / (lastMs - startedMs)) * 1_000 };
}

async function measurePickup(queue: Queue, { width }: MeasureInput): Promise<PickupResult> {
  const sentMs: number[] = [];
  const waitedMs: number[] = [];
  const all = Promise.withResolvers<void>();
  const onStart = (tag: number): void => {
    waitedMs.push(performance.now() - (sentMs[tag] ?? 0));
    if (waitedMs.length === PICKUPS) all.resolve();
  };
  await queue.work(width, onStart, () => {});
  await sleep(WARM_UP_MS);
  for (let tag = 0; tag < PICKUPS; tag++) {
    sentMs[tag] = performance.now();
    void queue.enqueue(tag);
    await sleep(PICKUP_EVERY_MS);
  }
  await all.promise;
  return { p50Ms: percentile(waitedMs, 50), p99Ms: percentile(waitedMs, 99) };
}

const input = childInput<MeasureInput>();
const open = await OPEN[input.system]!();
const queue = await open({ directory: makeDirectory("queue"), redisPort: input.redisPort });
if (input.phase === "enqueue") await tell(await measureEnqueue(queue, input));
else if (input.phase === "drain") await tell(await measureDrain(queue, input));
else await tell(await measurePickup(queue, input));
process.exit(0);
