// What one claim costs with `depth` tasks waiting: claim, finish and put a new one in, so that the depth stays.

import { childInput, tell } from "../kit/child.ts";
import { percentile } from "../kit/stats.ts";
import { claimUpTo, enqueueOne, finishOne, openOurs } from "./goclaw.ts";

export interface DepthInput {
  /** A home with a filled database. */
  readonly home: string;
}

export interface DepthResult {
  readonly p95Ms: number;
}

const WARM_UP_CLAIMS = 100;
const CLAIMS = 1_500;
const PRIORITIES = [0, 1, -1];

const ours = await openOurs(childInput<DepthInput>().home);
const tookMs: number[] = [];
for (let count = 0; count < WARM_UP_CLAIMS + CLAIMS; count++) {
  const startedMs = performance.now();
  const [task] = await claimUpTo(ours, 1);
  tookMs.push(performance.now() - startedMs);
  if (task === undefined) throw new Error("nothing to claim in a full queue");
  await Promise.all([finishOne(ours, task), enqueueOne(ours, PRIORITIES[count % PRIORITIES.length])]);
}
await ours.store.close();
await tell({ p95Ms: percentile(tookMs.slice(WARM_UP_CLAIMS), 95) } satisfies DepthResult);
process.exit(0);
