// Builds the parts of a daemon that need no start or stop of their own, from its configuration and its store: guard,
// providers, hands, RPC. daemon.ts puts them between the phases that do.

import { schemaFault } from "./brain/structured.ts";
import { createBus } from "./bus/bus.ts";
import { createChains } from "./chains.ts";
import type { Config } from "./config/config.ts";
import { createFile } from "./config/files.ts";
import type { Paths } from "./config/paths.ts";
import { readToken } from "./config/token.ts";
import { auditFiles, placeOf, readPolicy } from "./control.ts";
import { GoclawError, messageOf } from "./domain/error.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { listModels, type ModelRow } from "./engine/model-list.ts";
import { loadBreakers } from "./engine/provider-health.ts";
import { releaseOrphans } from "./journal/budget.ts";
import { startPageReader, type WriterThread } from "./native.ts";
import { findKeyBudget } from "./policy/api-keys.ts";
import { savePolicyVersion } from "./policy/audit.ts";
import { type AuditMirror, createAuditMirror } from "./policy/audit-mirror.ts";
import { createEgress } from "./policy/egress.ts";
import { createGuard, type Guard } from "./policy/guard.ts";
import type { Policy } from "./policy/policy.ts";
import { createCatalog } from "./providers/catalog.ts";
import { cleaned } from "./providers/clean.ts";
import { type Recovered, recoverOrphans } from "./queue/recover.ts";
import { wakeForBudget } from "./queue/wake.ts";
import { createRpc, type Rpc } from "./rpc/dispatch.ts";
import { type Children, openChildren } from "./sandbox/children.ts";
import { createSandbox, type Sandbox } from "./sandbox/sandbox.ts";
import type { SqliteBinding } from "./store/database.ts";
import { openStore, type Store } from "./store/store.ts";
import { systemClock, systemRandom } from "./system.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import {
  createRedactor,
  createValueRedactor,
  type Redact,
  redactData,
  secretForms,
} from "./telemetry/redact.ts";
import { createStreamRedactor, type StreamRedactor } from "./telemetry/redact-stream.ts";
import { TOOLS } from "./tools/index.ts";
import { createPageReader } from "./tools/page.ts";
import type { WriterData } from "./writer.ts";

export type Bus = ReturnType<typeof createBus>;

/** What all parts share: where the home is, what it says, and where to report. */
export interface Ground {
  readonly paths: Paths;
  readonly config: Config;
  readonly log: Log;
  readonly redact: Redact;
  /** Redacts what a model says while it says it. */
  readonly createCleaner: () => StreamRedactor;
  /** Takes the keys in use, and nothing that only looks like one, out of plain data. */
  readonly clean: <Data>(data: Data) => Data;
  readonly bus: Bus;
  /** Every program that is started on behalf of a tool or an MCP server. */
  readonly children: Children;
  readonly bootId: string;
  readonly newId: () => string;
  readonly reportDefect: (component: string, error: unknown, taskId?: string) => void;
}

/** Every secret the daemon knows. */
function secretsOf(paths: Paths, config: Config): string[] {
  const { webhookUrl } = config.tools.sendAlert;
  const keys = [...config.providers, ...config.search].flatMap(({ apiKey }) => apiKey ?? []);
  return [readToken(paths), ...keys, ...(webhookUrl === undefined ? [] : [webhookUrl])];
}

export function layGround(
  paths: Paths,
  config: Config,
  bootId: string,
  newId: () => string,
  logToStderr: boolean,
): Ground {
  const secrets = secretsOf(paths, config);
  const redact = createRedactor(secrets);
  const hide = createValueRedactor(secrets);
  const createCleaner = createStreamRedactor(secretForms(secrets), hide);
  const log = createLog({
    file: paths.systemLog,
    level: config.logLevel,
    toStderr: logToStderr,
    redact,
    nowMs: systemClock.nowMs,
  });
  const reportDefect: Ground["reportDefect"] = (component, error, taskId) =>
    log.error(component, messageOf(error), {
      ...(taskId === undefined ? {} : { task_id: taskId }),
      stack: error instanceof Error ? error.stack : undefined,
    });
  const bus = createBus((error) => reportDefect("bus", error));
  return {
    paths,
    config,
    log,
    redact,
    clean: (data) => redactData(data, hide),
    createCleaner,
    bus,
    children: openChildren(paths.childrenDir),
    bootId,
    newId,
    reportDefect,
  };
}

/** Lets the writer thread open the database. */
export function startStore(
  { paths, config, log, bus, bootId, clean }: Ground,
  binding: SqliteBinding,
  writer: WriterThread,
  onCommit: () => void,
): Promise<Store> {
  const data: WriterData = { file: paths.db, backups: paths.backups, bootId, leaseMs: config.leaseMs };
  writer.postMessage(data);
  return openStore({
    file: paths.db,
    binding,
    worker: writer,
    onEvents: (events) => events.forEach(bus.publish),
    onCommit,
    clean,
    onDefect: (verb, message, stack) => log.error("store", message, { verb, stack }),
    onFault: (fault) => log.error("store", fault === null ? "storage works again" : `storage fault ${fault}`),
    onLost: () => {
      throw new GoclawError("INTERNAL", "the writer thread ended; see the log for why");
    },
  });
}

/** What earlier boots left: their tasks go back, their reservations are free, and waits for budget look again. */
export async function recover(store: Store, bootId: string): Promise<Recovered> {
  const [recovered] = await Promise.all([
    store.run(recoverOrphans, { owner: bootId }),
    store.run(releaseOrphans, { owner: bootId }),
    store.run(wakeForBudget, null),
  ]);
  return recovered;
}

/** Reads policy.yaml and keeps its text under its version before it is in force. */
export async function loadPolicy({ paths }: Ground, store: Store): Promise<Policy> {
  const policy = readPolicy(paths);
  await store.run(savePolicyVersion, { version: policy.version, text: policy.text });
  return policy;
}

/** logs/audit.jsonl beside the table. */
export function mirrorAudit({ paths, reportDefect }: Ground, { reader }: Store): AuditMirror {
  return createAuditMirror({
    reader,
    files: auditFiles(paths),
    nowMs: systemClock.nowMs,
    createFile: (file, text) => void createFile(file, () => text),
    reportDefect: (error) => reportDefect("audit", error),
  });
}

export interface Mind {
  readonly guard: Guard;
  readonly engine: Engine;
  readonly rpc: Rpc;
  readonly sandbox: Sandbox;
}

/** What a daemon knows of itself only once it runs. */
export interface MindFacts {
  readonly isDraining: () => boolean;
  /** The gateway's own port, closed to tools. */
  readonly ownPort: () => number | undefined;
}

/** Guard, providers, hands, lanes and RPC. */
export function createMind(ground: Ground, store: Store, policy: Policy, facts: MindFacts): Mind {
  const { paths, config, redact, createCleaner, bus, children, bootId, newId, reportDefect } = ground;
  const { isDraining, ownPort } = facts;
  const chains = createChains(ground, store);
  const guard = createGuard(policy, placeOf(paths), store);
  const catalog = createCatalog(config.models, systemClock.nowMs);
  const purse = {
    store,
    catalog,
    owner: bootId,
    budget: config.budget,
    providerBudget: (id: string) => config.providers.find((provider) => provider.id === id)?.budget,
    keyBudget: (id: string) => findKeyBudget(store.reader, id),
    newId,
    agentBudget: (id: string) => config.agents.find((agent) => agent.id === id)?.budget,
    nowMs: systemClock.nowMs,
  };
  const now = (): Date => new Date(systemClock.nowMs());
  const { sendAlert, shell } = config.tools;
  const sandbox = createSandbox({ settings: shell, children, clock: systemClock, home: paths.home });
  const ports = {
    workspace: paths.workspace,
    webhookUrl: sendAlert.webhookUrl,
    sandbox,
    egress: createEgress({ ownPort }),
    search: config.search,
    readPage: createPageReader(startPageReader),
  };
  const approvalMs = config.approvals.timeoutMs;
  const engine = createEngine({
    store,
    bus,
    clock: systemClock,
    bootId,
    hands: { store, guard, tools: TOOLS, redact, ports, newId, now, approvalMs },
    purse,
    lanes: config.workerCount,
    leaseMs: config.leaseMs,
    retry: config.retry,
    policyVersion: () => guard.policy().version,
    agents: config.agents,
    findAgent: (id) => config.agents.find((agent) => agent.id === id),
    providerOf: (agent) => {
      const chain = chains(agent);
      return chain === undefined ? undefined : cleaned(chain, createCleaner);
    },
    publishText: ({ id, sessionId }, turn, offset, text) => {
      if (bus.hasTaskListener(id))
        bus.publish({ type: "text.delta", taskId: id, sessionId, turn, offset, text });
    },
    redact,
    reportDefect: (error, task) => reportDefect("attempt", error, task.id),
    reportLoopDefect: (error) => reportDefect("engine", error),
  });
  const limits = { maxAttempts: config.maxAttempts };
  const modelRows = (all: boolean): ModelRow[] => {
    const breakers = loadBreakers(store.reader);
    return listModels({ config, catalog, breakers, nowMs: systemClock.nowMs(), all });
  };
  const agents = config.agents;
  const rpc = createRpc({
    ...{ store, guard, agents, modelRows, newId, redact, limits, schemaFault, isDraining },
    ...{ randomBytes: systemRandom.bytes, nowMs: systemClock.nowMs },
    onSubmitting: () => engine.expectWork(),
  });
  return { guard, engine, rpc, sandbox };
}
