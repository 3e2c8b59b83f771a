// The composition root: one boot phase after the other, stopped in reverse. Everything is built here and handed down;
// nothing below reads a clock, the environment or a global.

import { rmSync } from "node:fs";
import { createBoot } from "./boot.ts";
import { schemaFault } from "./brain/structured.ts";
import { checkSchemas } from "./config/agent-output.ts";
import type { Env } from "./config/env.ts";
import { replaceFile } from "./config/files.ts";
import { ensureHome } from "./config/first-run.ts";
import { loadConfig } from "./config/load.ts";
import type { Paths } from "./config/paths.ts";
import type { Flags } from "./config/settings.ts";
import { warningsOf } from "./config/warnings.ts";
import { createIds } from "./domain/ids.ts";
import { reconcile } from "./engine/cron/reconcile.ts";
import { createHealth, type Stage } from "./health.ts";
import { createMind } from "./mind.ts";
import { sqliteBinding, version, type WriterThread } from "./native.ts";
import { type Ground, layGround, loadPolicy, mirrorAudit, recover, startStore } from "./parts.ts";
import { examineKey } from "./policy/api-keys.ts";
import type { AuditMirror } from "./policy/audit-mirror.ts";
import { watchPolicy } from "./policy-watch.ts";
import { createFollower } from "./rpc/follow.ts";
import { reapChildren } from "./sandbox/children.ts";
import { lockHome } from "./store/lock.ts";
import { systemClock, systemRandom } from "./system.ts";
import { watchToken } from "./token-watch.ts";
import { TOOLS } from "./tools/index.ts";

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
}

/**
 * Starts everything; throws GoclawError with what has been started stopped again. `writer` is a thread of the caller's
 * that has started already; it ends with the daemon.
 */
export async function startDaemon(options: DaemonOptions, writer: WriterThread): Promise<Daemon> {
  const { paths, env, flags, logToStderr, takesWork, keepsTime } = options;
  const startedMs = systemClock.monoMs();
  const newId = createIds(systemClock, systemRandom);
  const bootId = newId();
  const binding = sqliteBinding();
  const phases: string[] = [];
  let stage: Stage = "starting";
  let ground: Ground | undefined;
  const boot = createBoot(
    systemClock,
    (name, ms) => phases.push(`${name} ${ms.toFixed(1)} ms`),
    (text) => ground?.log.error("boot", text),
  );

  const end = async (): Promise<void> => void (await writer.terminate());
  await boot.phase("writer_started", () => writer, end);
  await boot.phase("home_ready", () => ensureHome(paths, systemRandom));
  const lock = () => lockHome(paths.lockDb, paths.lockPid, binding, process.pid);
  await boot.phase("home_locked", lock, (held) => held.release());
  const toolNames = TOOLS.map((tool) => tool.name);
  const config = await boot.phase("config_loaded", async () => {
    const loaded = loadConfig({ paths, env, flags, toolNames });
    await checkSchemas(loaded.agents, paths.config, schemaFault);
    return loaded;
  });
  const lay = () => layGround(paths, config, bootId, newId, logToStderr);
  const base = await boot.phase("log_opened", lay);
  ground = base;
  const reaped = await boot.phase(
    "children_reaped",
    () => reapChildren(paths.childrenDir),
    () => base.children.close(),
  );
  // The gateway is loaded while the writer opens the database.
  let nudged: AuditMirror | undefined;
  const opening = startStore(base, binding, writer, () => nudged?.nudge());
  const loading = import("./gateway/server.ts");
  const store = await boot.phase(
    "schema_migrated",
    () => opening,
    (opened) => opened.close(),
  );
  const mirror = await boot.phase(
    "audit_mirrored",
    () => mirrorAudit(base, store),
    (mirroring) => mirroring.stop(),
  );
  nudged = mirror;
  const recovered = await boot.phase("recovery_scan_completed", () => recover(store, bootId));
  const policy = await boot.phase("policy_loaded", () => loadPolicy(base, store));
  let ownPort: number | undefined;
  const self = {
    isDraining: () => stage === "draining",
    ownPort: () => ownPort,
    status: () => ({ ready: health.notReady() === null, ...health.components() }),
  };
  const makeMind = () => createMind(base, store, policy, self);
  const { guard, engine, cron, rpc, sandbox } = await boot.phase(
    "mind_made",
    makeMind,
    async ({ mcp, refusals }) => {
      await mcp.close();
      await refusals.close();
    },
  );

  await boot.phase("schedules_reconciled", () =>
    reconcile(store, base.log, config.schedules, newId, systemClock.nowMs()),
  );

  const watch = await boot.phase(
    "policy_watched",
    () => watchPolicy(base, store, guard),
    (watching) => watching.stop(),
  );

  const token = await boot.phase(
    "token_watched",
    () => watchToken(base, store, guard),
    (watching) => watching.stop(),
  );

  const uptimeMs = (): number => systemClock.monoMs() - startedMs;
  const facts = {
    bootId,
    version: version(),
    policyVersion: () => guard.policy().version,
    stage: () => stage,
    ...{ uptimeMs, policyFailure: watch.failed, auditTrouble: () => mirror.trouble() },
  };
  const health = createHealth({ config, store, engine, sandbox, ...facts });
  const { createGateway, listen } = await loading;
  const app = createGateway({
    rpc,
    follower: createFollower(store.reader, base.bus),
    bus: base.bus,
    auth: {
      readToken: token.read,
      examineKey: (text) => examineKey(store.reader, text, systemClock.nowMs()),
      hostNames: config.gateway.allowRemote ? [config.bind.host] : [],
    },
    health,
    onTokenRotated: token.onRotated,
    maxRequestBytes: config.gateway.maxRequestBytes,
    ...{ nowMs: systemClock.nowMs, monoMs: systemClock.monoMs },
    reportDefect: (error, where) => base.reportDefect(`gateway ${where}`, error),
  });
  const bind = () => listen(app, config.bind.host, config.bind.port);
  const address = await boot.phase("listener_bound", bind, () => app.close());
  ownPort = Number(new URL(`http://${address}`).port || 80);
  const announcement = { pid: process.pid, address, version: version(), boot_id: bootId };
  await boot.phase(
    "announced",
    () => {
      const started_at = new Date(systemClock.nowMs()).toISOString();
      // Of this boot only: after a power cut it is worth nothing, so it need not survive one.
      replaceFile(paths.daemonJson, `${JSON.stringify({ ...announcement, started_at })}\n`, {
        durable: false,
      });
    },
    () => rmSync(paths.daemonJson, { force: true }),
  );
  await boot.phase(
    "scheduler_started",
    () => takesWork && engine.start(),
    () => engine.drain(config.drainTimeoutMs),
  );
  await boot.phase(
    "schedules_started",
    () => keepsTime && cron.start(),
    () => cron.stop(),
  );
  stage = "running";
  for (const warning of warningsOf(config)) base.log.warn("config", warning);
  base.log.info("boot", `listening on ${address}`, { boot_id: bootId, phases, reaped, ...recovered });

  let stopped: Promise<void> | undefined;
  return {
    address,
    bootId,
    hurry: () => engine.hurry(),
    stop: () => {
      stage = "draining";
      stopped ??= boot.shutdown();
      return stopped;
    },
  };
}
