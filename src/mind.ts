// The thinking half of a daemon, built from its configuration and its store: guard, providers, hands, lanes and RPC.

import { schemaFault, shapeFault } from "./brain/structured.ts";
import { createRouting } from "./chains.ts";
import { placeOf } from "./control.ts";
import { type Cron, createCron } from "./engine/cron/cron.ts";
import { requestsToday } from "./engine/daily-requests.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { listModels, type ModelRow } from "./engine/model-list.ts";
import { loadBreakers } from "./engine/provider-health.ts";
import { createRouteTable } from "./engine/route-table.ts";
import { loadTaint } from "./journal/effects.ts";
import { createDesk } from "./mcp/desk.ts";
import { McpHub } from "./mcp/hub.ts";
import { startPageReader, version } from "./native.ts";
import type { Ground } from "./parts.ts";
import { findKeyBudget } from "./policy/api-keys.ts";
import { createEgress } from "./policy/egress.ts";
import { createGuard, type Guard } from "./policy/guard.ts";
import type { Policy } from "./policy/policy.ts";
import { createRefusals, type Refusals } from "./policy/refusals.ts";
import { createCatalog } from "./providers/catalog.ts";
import { createRpc, type Rpc } from "./rpc/dispatch.ts";
import { cage } from "./sandbox/cage.ts";
import { createSandbox, type Sandbox } from "./sandbox/sandbox.ts";
import type { Launch } from "./sandbox/spawn.ts";
import { findScheduleBudget } from "./store/schedules.ts";
import type { Store } from "./store/store.ts";
import { systemClock, systemRandom } from "./system.ts";
import { createChildTasks } from "./tools/child-tasks.ts";
import { TOOLS } from "./tools/index.ts";
import { createMcpTools } from "./tools/mcp-tools.ts";
import { createPageReader } from "./tools/page.ts";
import type { Hands } from "./tools/perform.ts";

export interface Mind {
  /** What performs an agent's tool calls. */
  readonly hands: Hands;
  readonly guard: Guard;
  readonly refusals: Refusals;
  readonly engine: Engine;
  readonly cron: Cron;
  readonly mcp: McpHub;
  readonly rpc: Rpc;
  readonly sandbox: Sandbox;
}

/** What a daemon knows of itself only once it runs. */
export interface MindFacts {
  readonly isDraining: () => boolean;
  readonly status: () => Readonly<Record<string, unknown>>;
  /** The gateway's own port, closed to tools. */
  readonly ownPort: () => number | undefined;
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

export async function closeMind({ mcp, refusals }: Mind): Promise<void> {
  await mcp.close();
  await refusals.close();
}

/** Guard, providers, hands, lanes and RPC. */
export function createMind(ground: Ground, store: Store, policy: Policy, facts: MindFacts): Mind {
  const { paths, config, redact, bus, children, bootId, newId, reportDefect } = ground;
  const { isDraining, status, ownPort } = facts;
  const routing = createRouting(ground, store);
  const refusals = createRefusals(store, (error) => reportDefect("audit", error));
  const guard = createGuard(policy, placeOf(paths), refusals);
  const providerOf = (id: string) => config.providers.find((provider) => provider.id === id);
  const catalog = createCatalog(config.models, systemClock.nowMs, (id) => {
    const provider = providerOf(id);
    return provider?.type === "ollama" ? provider.numCtx : undefined;
  });
  const purse = {
    store,
    catalog,
    owner: bootId,
    budget: config.budget,
    providerBudget: (id: string) => providerOf(id)?.budget,
    keyBudget: (id: string) => findKeyBudget(store.reader, id),
    scheduleBudget: (id: string) => findScheduleBudget(store.reader, id),
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
    childTasks: createChildTasks({ store, agents: config.agents, newId, maxAttempts: config.maxAttempts }),
    labelsOf: (taskId: string) => loadTaint(store.reader, taskId).labels,
  };
  const approvalMs = config.approvals.timeoutMs;
  const mcp = createHub(ground, store);
  const mcpTools = createMcpTools(mcp);
  const findAgent = (id: string) => config.agents.find((agent) => agent.id === id);
  const toolsFor = (id: string) => [...TOOLS, ...mcpTools(findAgent(id)?.mcpServers ?? null)];
  const hands: Hands = { store, guard, toolsFor, redact, ports, newId, now, approvalMs };
  const engine = createEngine({
    store,
    bus,
    clock: systemClock,
    bootId,
    hands,
    purse,
    lanes: config.workerCount,
    leaseMs: config.leaseMs,
    retry: config.retry,
    policyVersion: () => guard.policy().version,
    agents: config.agents,
    findAgent,
    routing,
    publishText: ({ id, sessionId }, turn, offset, text) => {
      if (bus.hasTaskListener(id))
        bus.publish({ type: "text.delta", taskId: id, sessionId, turn, offset, text });
    },
    publishPiece: ({ id, sessionId }, piece) => {
      if (bus.hasTaskListener(id)) bus.publish({ type: "answer.delta", taskId: id, sessionId, piece });
    },
    redact,
    reportDefect: (error, { id, sessionId, traceId }) =>
      reportDefect("attempt", error, { trace_id: traceId, task_id: id, session_id: sessionId }),
    reportLoopDefect: (error) => reportDefect("engine", error),
  });
  const limits = { maxAttempts: config.maxAttempts };
  const cron = createCron({
    ...{ store, bus, clock: systemClock, guard, agents: config.agents, log: ground.log, newId },
    maxAttempts: config.maxAttempts,
  });
  const modelRows = (all: boolean): ModelRow[] => {
    const nowMs = systemClock.nowMs();
    const used = (provider: string): number => requestsToday(store.reader, provider, nowMs);
    const breakers = loadBreakers(store.reader);
    return listModels({ config, catalog, breakers, nowMs, requestsToday: used, all });
  };
  const agents = config.agents;
  const { serve } = config.mcp;
  const servedTools = () => toolsFor("default").filter(({ name }) => serve.tools.includes(name));
  const rpc = createRpc({
    ...{ mcp: createDesk(mcp), served: { agents: serve.agents, tools: servedTools }, version: version() },
    routes: createRouteTable(routing, { guard, toolsFor }, () => modelRows(true)),
    ...{ store, guard, agents, modelRows, newId, redact, limits, isDraining, status },
    ...{ schemaFault, shapeFault },
    ...{ randomBytes: systemRandom.bytes, nowMs: systemClock.nowMs },
    onSubmitting: () => engine.expectWork(),
    onScheduled: () => cron.nudge(),
  });
  return { hands, guard, refusals, engine, cron, mcp, rpc, sandbox };
}
