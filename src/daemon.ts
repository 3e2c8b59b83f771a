// The composition root: one boot phase after the other, stopped in reverse. Everything is built here and handed down;
// nothing below reads a clock, the environment or a global.

import { rmSync } from "node:fs";
import { createBoot } from "./boot.ts";
import { createBus } from "./bus/bus.ts";
import type { Env } from "./config/env.ts";
import { readText, replaceFile } from "./config/files.ts";
import { ensureHome } from "./config/first-run.ts";
import { loadConfig } from "./config/load.ts";
import type { Paths } from "./config/paths.ts";
import type { Flags } from "./config/settings.ts";
import { readToken } from "./config/token.ts";
import { BASE_CAPABILITIES } from "./domain/capability.ts";
import { messageOf } from "./domain/error.ts";
import { createIds } from "./domain/ids.ts";
import { createEngine } from "./engine/engine.ts";
import { createGateway, listen } from "./gateway/server.ts";
import { createTokenReader } from "./gateway/token.ts";
import { createHealth, type Stage } from "./health.ts";
import { readAsset, sqliteBinding, startWriter, version } from "./native.ts";
import { savePolicyVersion } from "./policy/audit.ts";
import { createGuard } from "./policy/guard.ts";
import { parsePolicy } from "./policy/policy.ts";
import { createCassettes } from "./providers/cassettes.ts";
import { openProvider } from "./providers/index.ts";
import { recoverOrphans } from "./queue/recover.ts";
import { createRpc } from "./rpc/dispatch.ts";
import { createFollower } from "./rpc/follow.ts";
import { lockHome } from "./store/lock.ts";
import { openStore } from "./store/store.ts";
import { systemClock, systemRandom } from "./system.ts";
import { createLog } from "./telemetry/log.ts";
import { createRedactor } from "./telemetry/redact.ts";
import { TOOL_CAPABILITIES, TOOLS } from "./tools/index.ts";
import type { WriterData } from "./writer.ts";

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
}

const POLICY_BYTES = 1_048_576;

/** Starts everything; throws GoclawError with what has been started stopped again. */
export async function startDaemon({ paths, env, flags, logToStderr }: DaemonOptions): Promise<Daemon> {
  const startedMs = systemClock.monoMs();
  const newId = createIds(systemClock, systemRandom);
  const bootId = newId();
  const phases: string[] = [];
  let stage: Stage = "starting";
  const boot = createBoot(
    (name, ms) => phases.push(`${name} ${ms.toFixed(1)} ms`),
    (text) => log?.error("boot", text),
  );

  let log: ReturnType<typeof createLog> | undefined;
  await boot.phase("home_ready", () => ensureHome(paths, systemRandom));
  const binding = sqliteBinding();
  await boot.phase(
    "home_locked",
    () => lockHome(paths.lockDb, paths.lockPid, binding, process.pid),
    (lock) => lock.release(),
  );
  const toolNames = TOOLS.map((tool) => tool.name);
  const config = await boot.phase("config_loaded", () => loadConfig({ paths, env, flags, toolNames }));
  const secrets = [readToken(paths), ...config.providers.flatMap(({ apiKey }) => apiKey ?? [])];
  const redact = createRedactor(secrets);
  log = await boot.phase(
    "log_opened",
    () => createLog({ file: paths.systemLog, level: config.logLevel, toStderr: logToStderr, redact }),
    (opened) => opened.flush(),
  );
  const defect = (component: string, error: unknown, task_id?: string): void =>
    log?.error(component, messageOf(error), {
      ...(task_id === undefined ? {} : { task_id }),
      stack: error instanceof Error ? error.stack : undefined,
    });

  const bus = createBus((error) => defect("bus", error));
  const data: WriterData = { file: paths.db, backups: paths.backups, bootId, leaseMs: config.leaseMs };
  const store = await boot.phase(
    "schema_migrated",
    () =>
      openStore({
        file: paths.db,
        binding,
        worker: startWriter(data),
        onEvents: (events) => events.forEach(bus.publish),
        onDefect: (verb, message, stack) => log?.error("store", message, { verb, stack }),
        onFault: (fault) =>
          log?.error("store", fault === null ? "storage works again" : `storage fault ${fault}`),
      }),
    (opened) => opened.close(),
  );
  const recovered = await boot.phase("recovery_scan_completed", () =>
    store.run(recoverOrphans, { owner: bootId }),
  );
  const policy = await boot.phase("policy_loaded", async () => {
    const text = readText(paths.policy, POLICY_BYTES);
    const parsed = parsePolicy(text, paths.policy, [...BASE_CAPABILITIES, ...TOOL_CAPABILITIES]);
    await store.run(savePolicyVersion, { version: parsed.version, text });
    return parsed;
  });
  const guard = createGuard(policy, store);

  const loadCassette = createCassettes(paths.cassettes, readAsset);
  const providers = new Map(
    config.providers.map((found) => [found.id, openProvider(found, { loadCassette })]),
  );
  const { webhookUrl } = config.tools.sendAlert;
  const ports = { workspace: paths.workspace, webhookUrl, now: () => new Date(systemClock.nowMs()) };
  const engine = createEngine({
    store,
    bus,
    clock: systemClock,
    bootId,
    hands: { store, guard, tools: TOOLS, redact, ports },
    lanes: config.workerCount,
    leaseMs: config.leaseMs,
    retry: config.retry,
    policyVersion: policy.version,
    agents: config.agents,
    findAgent: (id) => config.agents.find((agent) => agent.id === id),
    findProvider: (id) => providers.get(id),
    publishText: ({ id, sessionId }, turn, offset, text) => {
      if (bus.hasTaskListener(id))
        bus.publish({ type: "text.delta", taskId: id, sessionId, turn, offset, text });
    },
    redact,
    reportDefect: (error, task) => defect("attempt", error, task.id),
    reportLoopDefect: (error) => defect("engine", error),
  });
  const rpc = createRpc({
    store,
    guard,
    agents: config.agents,
    newId,
    limits: { maxAttempts: config.maxAttempts },
    isDraining: () => stage === "draining",
  });
  const health = createHealth({
    config,
    store,
    engine,
    bootId,
    version: version(),
    policyVersion: policy.version,
    stage: () => stage,
    uptimeMs: () => systemClock.monoMs() - startedMs,
  });
  const app = createGateway({
    rpc,
    follower: createFollower(store.reader, bus),
    auth: {
      readToken: createTokenReader(paths),
      hostNames: config.gateway.allowRemote ? [config.bind.host] : [],
    },
    health,
    maxRequestBytes: config.gateway.maxRequestBytes,
    nowMs: systemClock.nowMs,
    reportDefect: (error, where) => defect("gateway", `${where}: ${messageOf(error)}`),
  });
  const address = await boot.phase(
    "listener_bound",
    () => listen(app, config.bind.host, config.bind.port),
    () => app.close(),
  );
  await boot.phase(
    "announced",
    () => {
      const announced = {
        pid: process.pid,
        address,
        version: version(),
        boot_id: bootId,
        started_at: new Date(systemClock.nowMs()).toISOString(),
      };
      replaceFile(paths.daemonJson, `${JSON.stringify(announced)}\n`);
    },
    () => rmSync(paths.daemonJson, { force: true }),
  );
  await boot.phase(
    "scheduler_started",
    () => engine.start(),
    () => engine.drain(config.drainTimeoutMs),
  );
  stage = "running";
  log.info("boot", `listening on ${address}`, { boot_id: bootId, phases, ...recovered });

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
