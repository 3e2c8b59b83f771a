// Kills the daemon at each write syscall of one task's whole life, from an empty home to the clean stop, and checks
// after a restart without strace that the task it acknowledged ended as if nothing had happened.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, StartFailure, startDaemon } from "../support/daemon.ts";
import { makeHome, removeHome } from "../support/home.ts";
import { openHomeDb } from "../support/home-db.ts";
import { examine, violations } from "../support/invariants.ts";
import { type Sink, startSink } from "../support/sink.ts";
import { type StubModel, startStubModel } from "../support/stub-model.ts";
import { readTask, submit, taskWhere } from "../support/tasks.ts";
import {
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

interface Peers {
  readonly stub: StubModel;
  readonly sink: Sink;
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

const START_DEADLINE_MS = 30_000;

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
      if (index % options.every !== 0) continue;
      if (performance.now() > until) break;
      const { faults, died } = await tryPoint({ stub, sink }, point);
      tried++;
      if (died) killed++;
      found.push(...faults.map((fault) => `${point.syscall} #${point.nth}: ${fault}`));
      options.log?.(
        `${point.syscall} #${point.nth}: ${died ? "killed" : "not reached"} ${faults.join("; ")}`,
      );
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
    const life = await liveOnce(home, "count", countInto(trace));
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
    const life = await liveOnce(home, key, point);
    const faults = [...life.faults, ...(await finishCleanly(home, key, life.id, peers))];
    return { faults, died: life.died };
  } catch (error) {
    return { faults: [(error as Error).message], died: true };
  } finally {
    removeHome(home);
  }
}

function homeFor({ stub, sink }: Peers): string {
  return makeHome({ modelUrl: stub.baseUrl, sinkUrl: sink.url }, { config: { max_attempts: 5 } });
}

interface OneLife {
  readonly died: boolean;
  /** The acknowledged task, if the acknowledgement came through. */
  readonly id: string | undefined;
  readonly faults: readonly string[];
}

const promptFor = (key: string): string => `task ${key} tools=write_note,send_alert;now`;

/** Start, submit, wait for the end, stop; any of it may be cut short by the kill at `point`, or by none under strace. */
async function liveOnce(home: string, key: string, point: Point | readonly string[]): Promise<OneLife> {
  const under = isWords(point) ? point : point.afterStart ? [] : killAt(point.syscall, point.nth);
  let daemon: Daemon;
  try {
    daemon = await startDaemon({ home, under, deadlineMs: START_DEADLINE_MS });
  } catch (error) {
    if (error instanceof StartFailure && wasKilled(error.exit))
      return { died: true, id: undefined, faults: [] };
    throw error;
  }
  if (!isWords(point) && point.afterStart) await attachKill(daemon.run.pid, point.syscall, point.nth);
  let id: string | undefined;
  try {
    id = await submit(daemon.client, promptFor(key), {}, key);
    const task = await taskWhere(
      daemon.client,
      id,
      "ended",
      (now) => now.finished_at != null,
      START_DEADLINE_MS,
    );
    const faults = task.state === "SUCCEEDED" ? [] : [`the undisturbed task ended ${task.state}`];
    const exit = await daemon.stop(START_DEADLINE_MS);
    if (!wasKilled(exit) && exit.code !== 0)
      faults.push(`the stop ended with ${exit.code}: ${daemon.stderr()}`);
    return { died: wasKilled(exit), id, faults };
  } catch (error) {
    // A request fails when the kill came; anything else is a finding of its own.
    daemon.signal("SIGKILL");
    const exit = await daemon.exited;
    const cut = /ECONNRESET|ECONNREFUSED|socket hang up|EPIPE|aborted/.test(String(error));
    return { died: wasKilled(exit), id, faults: cut ? [] : [`${(error as Error).message}`] };
  }
}

function isWords(point: Point | readonly string[]): point is readonly string[] {
  return Array.isArray(point);
}

function wasKilled(exit: { code: number | null; signal: string | null }): boolean {
  return exit.signal === "SIGKILL" || exit.code === 137;
}

/** Restarts without strace, submits the same key again, and sees the task to its right end. */
async function finishCleanly(
  home: string,
  key: string,
  acknowledged: string | undefined,
  { stub, sink }: Peers,
): Promise<string[]> {
  const daemon = await startDaemon({ home });
  const faults: string[] = [];
  try {
    const id = await submit(daemon.client, promptFor(key), {}, key);
    if (acknowledged !== undefined && acknowledged !== id)
      faults.push(`${acknowledged} is gone, ${id} came instead`);
    const stopped = (task: { finished_at?: string | null; reason_code?: string | null }): boolean =>
      task.finished_at != null || task.reason_code === "EFFECT_UNKNOWN";
    const first = await taskWhere(daemon.client, id, "ended or asks", stopped);
    if (first.reason_code === "EFFECT_UNKNOWN") {
      const outcome = sink.callsOf(`task-${key}`).length > 0 ? "happened" : "did_not";
      const reply = await daemon.client.post(`/api/v1/tasks/${id}/resolve`, { outcome });
      if (reply.status >= 300) faults.push(`resolve got ${reply.status}: ${reply.text}`);
      await taskWhere(daemon.client, id, "ended", (task) => task.finished_at != null);
    }
    const task = await readTask(daemon.client, id);
    if (task.state !== "SUCCEEDED" || task.result?.text !== `done ${key}`) {
      faults.push(`ended ${task.state} ${task.reason_code ?? ""} with "${task.result?.text}"`);
    }
    const note = join(home, `workspace/notes/task-${key}.md`);
    if (!existsSync(note) || readFileSync(note, "utf8").trim() !== `noted task-${key}`)
      faults.push("no whole note");
    if (sink.callsOf(`task-${key}`).length !== 1) faults.push(`${sink.callsOf(`task-${key}`).length} alerts`);
    const exit = await daemon.stop();
    if (exit.code !== 0) faults.push(`the clean stop ended with ${exit.code}`);
    return [...faults, ...checkHome(home, id, key, { stub, sink })];
  } finally {
    daemon.signal("SIGKILL");
    await daemon.exited;
  }
}

function checkHome(home: string, id: string, key: string, { stub, sink }: Peers): string[] {
  const db = openHomeDb(home);
  try {
    const { findings } = examine({
      db,
      acknowledged: new Map([[id, `task-${key}`]]),
      stubCalls: stub.calls.filter((call) => call.key === `task-${key}`),
      sinkCalls: sink.callsOf(`task-${key}`),
      settled: true,
    });
    const extra = db.tasks().length - 1;
    return [...violations(findings), ...(extra === 0 ? [] : [`${extra} tasks too many`])];
  } finally {
    db.close();
  }
}
