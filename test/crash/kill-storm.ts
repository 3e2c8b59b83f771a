// The kill storm: a real daemon under load, killed with SIGKILL again and again, then left to finish. Afterwards
// everything it acknowledged must have happened, and nothing twice that may happen once.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Daemon, spawnDaemon } from "../support/daemon.ts";
import { type HomeDb, openHomeDb, type TaskRow } from "../support/home-db.ts";
import { examine, violations } from "../support/invariants.ts";
import { createRig, type Rig } from "../support/rig.ts";
import type { WireTask } from "../support/tasks.ts";
import { until } from "../support/wait.ts";
import { createLedger, feed, type Ledger } from "./feeder.ts";
import { type Item, type Life, percentile, planItems, planLives, type StormOptions } from "./storm-plan.ts";

export interface StormReport {
  readonly seed: number;
  readonly acknowledged: number;
  readonly connectionsBroken: number;
  readonly kills: number;
  readonly killedInFlight: number;
  readonly parked: number;
  readonly crashLoops: number;
  readonly modelCalls: number;
  readonly alerts: number;
  readonly recoveryMs: { readonly p50: number; readonly p95: number; readonly max: number };
  readonly tookMs: number;
  /** One line for each thing that must not be. */
  readonly violations: readonly string[];
}

const MAX_ATTEMPTS = 12;

export async function runKillStorm(options: StormOptions): Promise<StormReport> {
  const startedAt = performance.now();
  const rig = await createRig({
    config: {
      worker_count: options.lanes,
      max_attempts: MAX_ATTEMPTS,
      max_queue_depth: options.tasks * 2 + 100,
      retry: { base_ms: 20, max_ms: 100 },
    },
    sink: { maxDelayMs: 12, seed: options.seed },
  });
  try {
    return await stormIn(rig, options, startedAt);
  } finally {
    await rig.close();
  }
}

async function stormIn(rig: Rig, options: StormOptions, startedAt: number): Promise<StormReport> {
  const items = planItems(options);
  const ledger = createLedger();
  const recoveries: number[] = [];
  let killedInFlight = 0;
  let pending: Item[] = [];
  let fed = 0;

  for (const [index, life] of planLives(options).entries()) {
    const upTo = Math.ceil((items.length * (index + 1)) / options.kills);
    pending = pending.concat(items.slice(fed, upTo));
    fed = upTo;
    if (life.duringStart) await dieStarting(rig, life);
    else recoveries.push(await liveAndDie(rig, life, pending, ledger));
    if (index % 10 === 9) options.log?.(`kill ${index + 1}: ${ledger.idOf.size} tasks acknowledged`);
    killedInFlight += rig.read((db) => db.tasks().filter((task) => task.state === "RUNNING").length);
  }

  const daemon = await rig.start();
  recoveries.push(daemon.readyMs);
  pending = pending.concat(items.slice(fed));
  while (pending.length > 0 && ledger.faults.length === 0) await feed(daemon.client, pending, ledger);
  const { parked, crashLoops } = await settleAll(rig, daemon, ledger, options.log);
  const answers = await wrongAnswers(daemon, rig, items, ledger);
  const stopped = await daemon.stop();
  if (stopped.code !== 0) ledger.faults.push(`the clean stop ended with ${stopped.code} ${stopped.signal}`);
  const { findings } = rig.read((db) => examineAll(rig, db, ledger));
  return {
    seed: options.seed,
    acknowledged: ledger.acknowledged.size,
    connectionsBroken: ledger.broken,
    kills: options.kills,
    killedInFlight,
    parked,
    crashLoops,
    modelCalls: rig.stub.calls.length,
    alerts: rig.sink.calls.length,
    recoveryMs: {
      p50: percentile(recoveries, 0.5),
      p95: percentile(recoveries, 0.95),
      max: Math.max(...recoveries),
    },
    tookMs: performance.now() - startedAt,
    violations: [...ledger.faults, ...answers, ...violations(findings)],
  };
}

function examineAll(rig: Rig, db: HomeDb, ledger: Ledger) {
  const { acknowledged } = ledger;
  return examine({
    db,
    acknowledged,
    stubCalls: rig.stub.calls,
    sinkCalls: rig.sink.calls,
    settled: true,
  });
}

/** One life under load; returns how long the daemon took to be ready. The pause is the random moment of the kill. */
async function liveAndDie(rig: Rig, life: Life, pending: Item[], ledger: Ledger): Promise<number> {
  const daemon = await rig.start();
  const feeding = feed(daemon.client, pending, ledger);
  await pause(life.afterMs);
  const exit = await daemon.kill();
  if (exit.signal !== "SIGKILL") {
    ledger.faults.push(`the daemon ended by itself (${exit.code}): ${daemon.stderr().slice(-2000)}`);
  }
  await feeding;
  return daemon.readyMs;
}

async function dieStarting(rig: Rig, life: Life): Promise<void> {
  const { child, exited } = spawnDaemon({ home: rig.home });
  await pause(life.afterMs);
  child.kill("SIGKILL");
  await exited;
}

/** Waits until every task ended or waits for an operator; gives up when nothing moved for a while. */
async function drain(rig: Rig, log?: (line: string) => void): Promise<void> {
  const db = openHomeDb(rig.home);
  try {
    for (let left = db.unsettled(); left > 0; ) {
      log?.(`draining: ${left} tasks left`);
      const enough = Math.max(0, left - 100);
      await until(`one of the last ${left} tasks to move on`, () => db.unsettled() <= enough, 60_000);
      left = db.unsettled();
    }
  } finally {
    db.close();
  }
}

/** Lets everything end, as an operator would: answers what is asked and brings back what the kills set aside. */
async function settleAll(rig: Rig, daemon: Daemon, ledger: Ledger, log?: (line: string) => void) {
  let parked = 0;
  let crashLoops = 0;
  for (;;) {
    await drain(rig, log);
    const tasks = rig.read((db) => db.tasks());
    const asking = tasks.filter((task) => task.reason_code === "EFFECT_UNKNOWN");
    const looping = tasks.filter(
      (task) => task.reason_code === "CRASH_LOOP" && task.attempt === MAX_ATTEMPTS,
    );
    for (const task of asking) {
      const outcome = rig.sink.callsOf(keyOf(task, ledger)).length > 0 ? "happened" : "did_not";
      await command(daemon, ledger, `/api/v1/tasks/${task.id}/resolve`, { outcome });
    }
    for (const task of looping) await command(daemon, ledger, `/api/v1/tasks/${task.id}/retry`);
    if (asking.length + looping.length === 0 || ledger.faults.length > 0) return { parked, crashLoops };
    parked += asking.length;
    crashLoops += looping.length;
  }
}

const keyOf = (task: TaskRow, { acknowledged }: Ledger): string =>
  acknowledged.get(task.id) ?? task.idempotency_key ?? "";

async function command(daemon: Daemon, ledger: Ledger, path: string, body?: object): Promise<void> {
  const reply = await daemon.client.post(path, body);
  if (reply.status !== 200) ledger.faults.push(`${path} got ${reply.status}: ${reply.text}`);
}

/** Every task must have ended with its own answer and its note. */
async function wrongAnswers(
  daemon: Daemon,
  rig: Rig,
  items: readonly Item[],
  ledger: Ledger,
): Promise<string[]> {
  const faults: string[] = [];
  for (const item of items) {
    const id = ledger.idOf.get(item.key);
    const reply = await daemon.client.get(`/api/v1/tasks/${id}`);
    if (reply.status !== 200) {
      faults.push(`${item.key} (${id}) reads as ${reply.status}`);
      continue;
    }
    const { task } = reply.json<{ task: WireTask }>();
    if (task.state !== "SUCCEEDED" || task.result?.text !== item.answer) {
      faults.push(`${item.key} ended ${task.state} ${task.reason_code ?? ""} with "${task.result?.text}"`);
    }
    const note = join(rig.home, "workspace/notes", `${item.key}.md`);
    if (item.note && !(existsSync(note) && readFileSync(note, "utf8").includes(`noted ${item.key}`))) {
      faults.push(`${item.key} ended without its note`);
    }
  }
  return faults;
}
