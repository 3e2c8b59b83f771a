// The group `queue`: every round measures every system once, so that all of them see the same minutes of this machine.

import { join } from "node:path";
import type { Board } from "../board.ts";
import { measure } from "../kit/child.ts";
import { makeHome } from "../kit/home.ts";
import { removeDirectory } from "../kit/place.ts";
import { type Redis, redisVersion, startRedis } from "../kit/redis.ts";
import type { Options } from "../options.ts";
import { OURS } from "../systems.ts";
import type { DepthInput, DepthResult } from "./depth.ts";
import { syncsPerSecond } from "./disk.ts";
import type { DrainResult, EnqueueResult, MeasureInput, PickupResult } from "./measure.ts";
import { prefillTasks } from "./prefill.ts";
import { measureRecovery } from "./recovery.ts";

const LANES = 16;

type Planned = Pick<MeasureInput, "phase" | "width">;

/** One after the other, each on every system before the next: what is compared is seconds apart. */
const PLAN: readonly Planned[] = [
  { phase: "enqueue", width: 1 },
  { phase: "enqueue", width: 16 },
  { phase: "enqueue", width: 128 },
  { phase: "drain", width: LANES },
  { phase: "pickup", width: LANES },
];

const LOCAL = [OURS, "grouped", "single", "plainjob"];
const SMALL = 1_000;
const LARGE = 1_000_000;
const LARGE_QUICK = 100_000;

/** The engine is goclaw with agents: enqueue → start is a matter of its wake-up. */
const ENGINE = "goclaw-engine";

export async function benchQueue(board: Board, { rounds, seconds, quick }: Options): Promise<void> {
  const redis = await startPeers(board);
  const depths = fillDepths(board, quick ? LARGE_QUICK : LARGE);
  for (let round = 0; round < rounds; round++) {
    board.add("raw.fdatasync", "disk", syncsPerSecond(seconds / 2));
    for (const row of PLAN) {
      for (const system of [...LOCAL, ...redis.keys()]) {
        const redisPort = redis.get(system)?.port ?? 0;
        await measureRow(board, row, system, { seconds, redisPort });
      }
    }
    const input = { system: ENGINE, phase: "drain", width: LANES, seconds, redisPort: 0 } as const;
    board.add("engine.16", OURS, (await ask<DrainResult>(input)).perSecond);
    await measureDepths(board, depths);
    const recovery = await measureRecovery();
    board.add("recovery", OURS, recovery.runsMs);
    board.add("recovery.call", OURS, recovery.calledMs);
  }
  for (const server of redis.values()) await server.stop();
  removeDirectory(depths.small);
  removeDirectory(depths.large);
}

function ask<Result>(input: MeasureInput): Promise<Result> {
  return measure<Result>("queue/measure.ts", input);
}

async function measureRow(
  board: Board,
  { phase, width }: Planned,
  system: string,
  means: { readonly seconds: number; readonly redisPort: number },
): Promise<void> {
  if (phase === "enqueue") {
    const { perSecond, loopDelayMs } = await ask<EnqueueResult>({ system, phase, width, ...means });
    board.add(`enqueue.${width}`, system, perSecond);
    if (width > 1) board.add(`loop.${width}`, system, loopDelayMs);
  } else if (phase === "drain") {
    const { perSecond } = await ask<DrainResult>({ system, phase, width, ...means });
    board.add("drain.16", system, perSecond);
  } else {
    const asked = { system: system === OURS ? ENGINE : system, phase, width, ...means };
    const { p50Ms, p99Ms } = await ask<PickupResult>(asked);
    board.add("pickup.p50", system, p50Ms);
    board.add("pickup.p99", system, p99Ms);
  }
}

async function startPeers(board: Board): Promise<Map<string, Redis>> {
  const version = redisVersion();
  if (version === undefined) {
    board.note(
      "BullMQ was left out: no redis-server here; apt-get install redis-server, or name one in REDIS_SERVER",
    );
    return new Map();
  }
  board.note(`BullMQ ran on Redis ${version}`);
  return new Map([
    ["bullmq-always", await startRedis("always")],
    ["bullmq-everysec", await startRedis("everysec")],
  ]);
}

/** Homes with few and with many tasks waiting. */
interface Depths {
  readonly small: string;
  readonly large: string;
}

function fillDepths(board: Board, count: number): Depths {
  const depths = { small: makeHome({ lanes: 1 }), large: makeHome({ lanes: 1 }) };
  prefillTasks(join(depths.small, "goclaw.db"), SMALL);
  prefillTasks(join(depths.large, "goclaw.db"), count);
  if (count !== LARGE)
    board.note(`--quick: the claim "at 1 M queued" was measured at ${count.toLocaleString("en-GB")}`);
  return depths;
}

async function measureDepths(board: Board, { small, large }: Depths): Promise<void> {
  const p95 = async (home: string): Promise<number> => {
    const input: DepthInput = { home };
    return (await measure<DepthResult>("queue/depth.ts", input)).p95Ms;
  };
  const atSmall = await p95(small);
  const atLarge = await p95(large);
  board.add("depth.small", OURS, atSmall);
  board.add("depth.large", OURS, atLarge);
  board.add("depth.ratio", OURS, atLarge / atSmall);
}
