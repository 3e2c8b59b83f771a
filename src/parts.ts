// Builds the parts of a daemon that need no start or stop of their own, from its configuration and its store: guard,
// providers, hands, RPC. daemon.ts puts them between the phases that do.

import { schemaFault } from "./brain/structured.ts";
import { createBus } from "./bus/bus.ts";
import { createChains } from "./chains.ts";
import type { Config } from "./config/config.ts";
import { readText } from "./config/files.ts";
import { secretsOf } from "./config/mcp.ts";
import type { Paths } from "./config/paths.ts";
import { readToken } from "./config/token.ts";
import { BASE_CAPABILITIES } from "./domain/capability.ts";
import { GoclawError, messageOf } from "./domain/error.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { listModels, type ModelRow } from "./engine/model-list.ts";
import { loadBreakers } from "./engine/provider-health.ts";
import { releaseOrphans } from "./journal/budget.ts";
import { createDesk } from "./mcp/desk.ts";
import { McpHub } from "./mcp/hub.ts";
import { version, type WriterThread } from "./native.ts";
import { savePolicyVersion } from "./policy/audit.ts";
import { createGuard, type Guard } from "./policy/guard.ts";
import { type Policy, parsePolicy } from "./policy/policy.ts";
import { createCatalog } from "./providers/catalog.ts";
import { type Recovered, recoverOrphans } from "./queue/recover.ts";
import { wakeForBudget } from "./queue/wake.ts";
import { createRpc, type Rpc } from "./rpc/dispatch.ts";
import { cage } from "./sandbox/cage.ts";
import { type Children, openChildren } from "./sandbox/children.ts";
import type { Launch } from "./sandbox/spawn.ts";
import type { SqliteBinding } from "./store/database.ts";
import { openStore, type Store } from "./store/store.ts";
import { systemClock } from "./system.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { createRedactor } from "./telemetry/redact.ts";
import { TOOL_CAPABILITIES, TOOLS } from "./tools/index.ts";
import { createMcpTools } from "./tools/mcp-tools.ts";
import type { WriterData } from "./writer.ts";

export type Redact = (text: string) => string;
export type Bus = ReturnType<typeof createBus>;

/** What all parts share: where the home is, what it says, and where to report. */
export interface Ground {
  readonly paths: Paths;
  readonly config: Config;
  readonly log: Log;
  readonly redact: Redact;
  readonly bus: Bus;
  /** Every program that is started on behalf of a tool or an MCP server. */
  readonly children: Children;
  readonly bootId: string;
  readonly newId: () => string;
  readonly reportDefect: (component: string, error: unknown, taskId?: string) => void;
}

export function layGround(
  paths: Paths,
  config: Config,
  bootId: string,
  newId: () => string,
  logToStderr: boolean,
): Ground {
  const redact = createRedactor([
    readToken(paths),
    ...config.providers.flatMap(({ apiKey }) => apiKey ?? []),
    ...secretsOf(config.mcp),
  ]);
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
  const children = openChildren(paths.childrenDir);
  return { paths, config, log, redact, bus, children, bootId, newId, reportDefect };
}

/** Lets the writer thread open the database. */
export function startStore(
  { paths, config, log, bus, bootId }: Ground,
  binding: SqliteBinding,
  writer: WriterThread,
): Promise<Store> {
  const data: WriterData = { file: paths.db, backups: paths.backups, bootId, leaseMs: config.leaseMs };
  writer.postMessage(data);
  return openStore({
    file: paths.db,
    binding,
    worker: writer,
    onEvents: (events) => events.forEach(bus.publish),
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

const POLICY_BYTES = 1_048_576;

/** Reads policy.yaml and keeps its text under its version before it is in force. */
export async function loadPolicy({ paths }: Ground, store: Store): Promise<Policy> {
  const text = readText(paths.policy, POLICY_BYTES);
  const policy = parsePolicy(text, paths.policy, [...BASE_CAPABILITIES, ...TOOL_CAPABILITIES]);
  await store.run(savePolicyVersion, { version: policy.version, text });
  return policy;
}

export interface Mind {
  readonly guard: Guard;
  readonly engine: Engine;
  readonly mcp: McpHub;
  readonly rpc: Rpc;
}

function createHub({ paths, config, log, redact, bus, children }: Ground, store: Store): McpHub {
  const { servers, idleMs, searchPath } = config.mcp;
  return new McpHub({
    ...{ servers, idleMs, store, log, redact, clock: systemClock, monoMs: systemClock.monoMs },
    place: { path: searchPath, workspace: paths.workspace },
    version: version(),
    ...{ cage, start: (launch: Launch) => children.start(launch) },
    onToolsUpdated: (server, tools) => {
      log.warn("mcp", `tools of ${server} moved; new and changed ones wait for an approval`, {
        server,
        tools,
      });
      bus.publish({ type: "tools.updated", server, tools });
    },
  });
}

/** Guard, providers, hands, lanes and RPC. */
export function createMind(ground: Ground, store: Store, policy: Policy, isDraining: () => boolean): Mind {
  const { paths, config, redact, bus, bootId, newId, reportDefect } = ground;
  const guard = createGuard(policy, store);
  const catalog = createCatalog(config.models);
  const purse = {
    store,
    catalog,
    owner: bootId,
    budget: config.budget,
    agentBudget: (id: string) => config.agents.find((agent) => agent.id === id)?.budget,
    nowMs: systemClock.nowMs,
  };
  const now = (): Date => new Date(systemClock.nowMs());
  const ports = { workspace: paths.workspace, webhookUrl: config.tools.sendAlert.webhookUrl, now };
  const mcp = createHub(ground, store);
  const mcpTools = createMcpTools(mcp);
  const findAgent = (id: string) => config.agents.find((agent) => agent.id === id);
  const toolsFor = (id: string) => [...TOOLS, ...mcpTools(findAgent(id)?.mcpServers ?? null)];
  const engine = createEngine({
    store,
    bus,
    clock: systemClock,
    bootId,
    hands: { store, guard, toolsFor, redact, ports },
    purse,
    lanes: config.workerCount,
    leaseMs: config.leaseMs,
    retry: config.retry,
    policyVersion: policy.version,
    agents: config.agents,
    findAgent,
    providerOf: createChains(ground, store),
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
  const { serve } = config.mcp;
  const servedTools = () => toolsFor("default").filter(({ name }) => serve.tools.includes(name));
  const rpc = createRpc({
    ...{ mcp: createDesk(mcp), served: { agents: serve.agents, tools: servedTools }, version: version() },
    ...{ store, guard, agents, modelRows, newId, redact, limits, schemaFault, isDraining },
    onSubmitting: () => engine.expectWork(),
  });
  return { guard, engine, mcp, rpc };
}
