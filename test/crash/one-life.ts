// One task's whole life in a home of its own: start, submit, wait for its end, stop; possibly cut short by a kill, and
// then a second life that must bring it to its right end.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, type Exit, StartFailure, startDaemon } from "../support/daemon.ts";
import { openHomeDb } from "../support/home-db.ts";
import { examine, violations } from "../support/invariants.ts";
import type { Sink } from "../support/sink.ts";
import type { StubModel } from "../support/stub-model.ts";
import { readTask, submit, taskWhere } from "../support/tasks.ts";

export interface Peers {
  readonly stub: StubModel;
  readonly sink: Sink;
}

/** How a life is watched or ended: words before the program, or something done to it once it is ready. */
export interface Trap {
  readonly under?: readonly string[];
  readonly whenReady?: (pid: number) => Promise<void>;
}

export interface OneLife {
  readonly died: boolean;
  /** The acknowledged task, if the acknowledgement came through. */
  readonly id: string | undefined;
  readonly faults: readonly string[];
}

const UNDER_STRACE_MS = 30_000;

const promptFor = (key: string): string => `task ${key} tools=write_note,send_alert;now`;

export async function liveOnce(home: string, key: string, trap: Trap): Promise<OneLife> {
  let daemon: Daemon;
  try {
    daemon = await startDaemon({ home, under: trap.under ?? [], deadlineMs: UNDER_STRACE_MS });
  } catch (error) {
    if (error instanceof StartFailure && wasKilled(error.exit))
      return { died: true, id: undefined, faults: [] };
    throw error;
  }
  let id: string | undefined;
  try {
    await trap.whenReady?.(daemon.run.pid);
    id = await submit(daemon.client, promptFor(key), {}, key);
    const over = (task: { finished_at?: string | null }): boolean => task.finished_at != null;
    const task = await taskWhere(daemon.client, id, "ended", over, UNDER_STRACE_MS);
    const faults = task.state === "SUCCEEDED" ? [] : [`the undisturbed task ended ${task.state}`];
    const exit = await daemon.stop(UNDER_STRACE_MS);
    const clean = wasKilled(exit) || exit.code === 0;
    return { died: wasKilled(exit), id, faults: clean ? faults : [...faults, endedItself(daemon, exit)] };
  } catch (error) {
    // A request fails when the kill came; anything else is a finding of its own.
    const cut = /ECONNRESET|ECONNREFUSED|socket hang up|EPIPE|aborted/.test(String(error));
    if (!cut) daemon.signal("SIGKILL");
    const exit = await daemon.exited;
    const faults = cut ? [] : [(error as Error).message];
    return {
      died: wasKilled(exit),
      id,
      faults: wasKilled(exit) ? faults : [...faults, endedItself(daemon, exit)],
    };
  }
}

function endedItself(daemon: Daemon, exit: Exit): string {
  return `the daemon ended by itself with ${exit.code}: ${daemon.stderr().slice(-2000)}`;
}

function wasKilled(exit: Exit): boolean {
  return exit.signal === "SIGKILL" || exit.code === 137;
}

/** Restarts without strace, submits the same key again, and sees the task to its right end. */
export async function finishCleanly(
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
