// The composition root: one boot phase after the other, stopped in reverse. Everything is built here and handed down;
// nothing below reads a clock, the environment or a global.

import { type Boot, createBoot } from "./boot.ts";
import type { Env } from "./config/env.ts";
import { ensureHome } from "./config/first-run.ts";
import type { Paths } from "./config/paths.ts";
import type { Flags } from "./config/settings.ts";
import { warningsOf } from "./config/warnings.ts";
import { createIds } from "./domain/ids.ts";
import { reconcile } from "./engine/cron/reconcile.ts";
import { announce, type Front, loadGateway, openFront } from "./front.ts";
import type { Stage } from "./health.ts";
import type { LastWords } from "./last-words.ts";
import { closeMind, createMind } from "./mind.ts";
import { sqliteBinding, type WriterThread } from "./native.ts";
import { type Ground, layGround, loadPolicy, mirrorAudit, readConfig, recover, startStore } from "./parts.ts";
import type { AuditMirror } from "./policy/audit-mirror.ts";
import { watchPolicy } from "./policy-watch.ts";
import { reapChildren } from "./sandbox/children.ts";
import { lockHome } from "./store/lock.ts";
import { systemClock, systemRandom } from "./system.ts";
import { logTasks } from "./task-log.ts";
import { watchToken } from "./token-watch.ts";

export interface Daemon {
  /** HOST:PORT that was bound. */
  readonly address: string;
  readonly bootId: string;
  /** Drains and stops everything; resolves when the process may exit. */
  stop(): Promise<void>;
  /** Ends the drain's wait: what still runs goes back to the queue now. */
  hurry(): void;
}

export interface DaemonOptions {
  readonly paths: Paths;
  readonly env: Env;
  readonly flags: Flags;
  readonly logToStderr: boolean;
  /** False for a look at the home: everything answers, but no lane claims a task. */
  readonly takesWork: boolean;
  /** True when schedules fire. */
  readonly keepsTime: boolean;
  /** The process is the daemon: nobody but its log and standard error hears what ends it. */
  readonly isService: boolean;
}

/**
 * Starts everything; throws GoclawError with what has been started stopped again. `writer` is a thread of the caller's
 * that has started already; it ends with the daemon.
 */
export async function startDaemon(
  options: DaemonOptions,
  writer: WriterThread,
  lastWords: LastWords,
): Promise<Daemon> {
  const startedMs = systemClock.monoMs();
  const phases: string[] = [];
  const report = (name: string, ms: number): void => void phases.push(`${name} ${ms.toFixed(1)} ms`);
  const boot = createBoot(systemClock, report, lastWords.complain);
  const { phase } = boot;
  let stage: Stage = "starting";
  let ownPort: number | undefined;
  let front: Front | undefined;
  let mirror: AuditMirror | undefined;

  await phase("writer_started", () => writer, endThread);
  const base = await prepareHome(boot, options);
  const { config, bootId } = base;
  lastWords.useLog(base.log);
  const closeChildren = () => base.children.close();
  const reaped = await phase("children_reaped", () => reapChildren(base.paths.childrenDir), closeChildren);
  const open = () => startStore(base, sqliteBinding(), writer, () => mirror?.nudge());
  const opening = phase("schema_migrated", open, (opened) => opened.close());
  const loading = loadGateway(); // while the writer opens the database
  const store = await opening;
  mirror = await phase("audit_mirrored", () => mirrorAudit(base, store), stopIt);
  await phase("tasks_logged", () => logTasks(base, store.reader), call);
  const recovered = await phase("recovery_scan_completed", () => recover(store, bootId));
  const policy = await phase("policy_loaded", () => loadPolicy(base, store));
  const self = {
    isDraining: () => stage === "draining",
    ownPort: () => ownPort,
    status: () => ({ ready: front?.health.notReady() === null, ...front?.health.components() }),
  };
  const mind = await phase("mind_made", () => createMind(base, store, policy, self), closeMind);
  const { engine, cron, guard } = mind;
  const settle = () => reconcile(store, base.log, config.schedules, base.newId, systemClock.nowMs());
  await phase("schedules_reconciled", settle);
  const watching = await phase("policy_watched", () => watchPolicy(base, store, guard), stopIt);
  const token = await phase("token_watched", () => watchToken(base, store, guard), stopIt);
  const uptimeMs = (): number => systemClock.monoMs() - startedMs;
  const auditTrouble = () => mirror?.trouble() ?? null;
  const facts = { stage: () => stage, uptimeMs, policyFailure: watching.failed, auditTrouble };
  const build = async () => openFront(await loading, base, store, mind, token, facts);
  front = await phase("gateway_made", build);
  const address = await phase("listener_bound", front.listen, front.close);
  ownPort = Number(new URL(`http://${address}`).port || 80);
  await phase("announced", () => announce(base, address), call);
  const drain = () => engine.drain(config.drainTimeoutMs);
  await phase("scheduler_started", () => options.takesWork && engine.start(), drain);
  await phase("schedules_started", () => options.keepsTime && cron.start(), cron.stop);
  stage = "running";

  for (const warning of warningsOf(config)) base.log.warn("config", warning);
  base.log.info("boot", `listening on ${address}`, { boot_id: bootId, phases, reaped, ...recovered });
  let stopped: Promise<void> | undefined;
  return {
    address,
    bootId,
    hurry: () => {
      base.log.warn("boot", "asked to stop at once: what still runs goes back to the queue now");
      engine.hurry();
    },
    stop: () => {
      stage = "draining";
      stopped ??= stop(boot, base);
      return stopped;
    },
  };
}

/** Everything up to the log: until then the home may be another daemon's, and nothing but standard error hears of it. */
async function prepareHome({ phase }: Boot, options: DaemonOptions): Promise<Ground> {
  const { paths, logToStderr } = options;
  const newId = createIds(systemClock, systemRandom);
  await phase("home_ready", () => ensureHome(paths, systemRandom));
  const lock = () => lockHome(paths.lockDb, paths.lockPid, sqliteBinding(), process.pid);
  await phase("home_locked", lock, (held) => held.release());
  const config = await phase("config_loaded", () => readConfig(options));
  return phase("log_opened", () => layGround(paths, config, newId(), newId, logToStderr));
}

async function stop(boot: Boot, { config, log, bootId }: Ground): Promise<void> {
  const seconds = config.drainTimeoutMs / 1_000;
  const patience = `what runs has ${seconds} s to end; a second signal ends that wait`;
  log.info("boot", `stopping, no new work is taken: ${patience}`, { boot_id: bootId });
  await boot.shutdown();
  log.info("boot", "stopped", { boot_id: bootId });
}

async function endThread(writer: WriterThread): Promise<void> {
  await writer.terminate();
}

function call(undo: () => void): void {
  undo();
}

function stopIt(part: { stop(): void | Promise<void> }): void | Promise<void> {
  return part.stop();
}
