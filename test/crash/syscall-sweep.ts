// Kills the daemon at each write syscall of one task's whole life, from an empty home to the clean stop, and checks
// after a restart without strace that the task it acknowledged ended as if nothing had happened.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome, removeHome } from "../support/home.ts";
import { startSink } from "../support/sink.ts";
import { startStubModel } from "../support/stub-model.ts";
import { finishCleanly, liveOnce, type Peers, type Trap } from "./one-life.ts";
import {
  attachKill,
  busiestThread,
  countInto,
  killAt,
  straceMissing,
  WRITE_SYSCALLS,
  type WriteSyscall,
} from "./strace.ts";

export interface SweepOptions {
  /** Tests one point in this many. */
  readonly every: number;
  readonly budgetMs: number;
  readonly log?: (line: string) => void;
}

export interface SweepReport {
  readonly skipped?: string;
  /** Kill points of one life, how many were tried, and how many of those really ended the daemon. */
  readonly points: number;
  readonly tried: number;
  readonly killed: number;
  readonly violations: readonly string[];
}

interface Point {
  readonly syscall: WriteSyscall;
  readonly nth: number;
  /** Counts from when the daemon is ready: reaches threads that start-up outruns. */
  readonly afterStart?: true;
}

/** The note's file is synced and renamed by a thread of its own. */
const NOTE_POINTS: readonly Point[] = [
  { syscall: "fsync", nth: 1, afterStart: true },
  { syscall: "rename", nth: 1, afterStart: true },
];

export async function runSyscallSweep(options: SweepOptions): Promise<SweepReport> {
  const missing = straceMissing();
  if (missing) return { skipped: missing, points: 0, tried: 0, killed: 0, violations: [] };
  const stub = await startStubModel();
  const sink = await startSink();
  const until = performance.now() + options.budgetMs;
  const found: string[] = [];
  let tried = 0;
  let killed = 0;
  try {
    const points = await listPoints({ stub, sink });
    options.log?.(`one life has ${points.length} kill points`);
    for (const [index, point] of points.entries()) {
      if (!point.afterStart && index % options.every !== 0) continue;
      if (performance.now() > until) break;
      const { faults, died } = await tryPoint({ stub, sink }, point);
      tried++;
      if (died) killed++;
      found.push(...faults.map((fault) => `${nameOf(point)}: ${fault}`));
      options.log?.(`${nameOf(point)}: ${died ? "killed" : "not reached"} ${faults.join("; ")}`);
    }
    return { points: points.length, tried, killed, violations: found };
  } finally {
    await Promise.all([stub.close(), sink.close()]);
  }
}

/** Runs one life to its end and lists every write syscall in it. */
async function listPoints(peers: Peers): Promise<Point[]> {
  const home = homeFor(peers);
  const trace = join(home, "trace.txt");
  try {
    const life = await liveOnce(home, "count", { under: countInto(trace) });
    if (life.died || life.faults.length > 0)
      throw new Error(`an undisturbed life failed: ${life.faults.join("; ")}`);
    const counts = busiestThread(readFileSync(trace, "utf8"));
    const counted = WRITE_SYSCALLS.flatMap((syscall) =>
      Array.from({ length: counts.get(syscall) ?? 0 }, (_, index) => ({ syscall, nth: index + 1 })),
    );
    return [...NOTE_POINTS, ...counted];
  } finally {
    removeHome(home);
  }
}

const nameOf = ({ syscall, nth, afterStart }: Point): string =>
  `${syscall}-${nth}${afterStart ? "-late" : ""}`;

async function tryPoint(peers: Peers, point: Point): Promise<{ faults: string[]; died: boolean }> {
  const home = homeFor(peers);
  const key = nameOf(point);
  try {
    const life = await liveOnce(home, key, trapAt(point));
    const faults = [...life.faults, ...(await finishCleanly(home, key, life.id, peers))];
    return { faults, died: life.died };
  } catch (error) {
    return { faults: [(error as Error).message], died: true };
  } finally {
    removeHome(home);
  }
}

function trapAt({ syscall, nth, afterStart }: Point): Trap {
  if (!afterStart) return { under: killAt(syscall, nth) };
  return { whenReady: (pid) => attachKill(pid, syscall, nth) };
}

function homeFor({ stub, sink }: Peers): string {
  return makeHome({ modelUrl: stub.baseUrl, sinkUrl: sink.url }, { config: { max_attempts: 5 } });
}
