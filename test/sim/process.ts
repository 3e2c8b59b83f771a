// One life of the program: the real writer, store, bus, guard and engine, joined as daemon.ts joins them, on virtual
// threads of their own. `kill` takes away everything that is only in memory.

import { createMemory } from "../../src/brain/classify.ts";
import { createBus } from "../../src/bus/bus.ts";
import type { Agent } from "../../src/domain/agent.ts";
import { codeOf } from "../../src/domain/error.ts";
import { type GoclawEvent, isDurable } from "../../src/domain/event.ts";
import type { Random } from "../../src/domain/time.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import type { Routing } from "../../src/engine/route-task.ts";
import { createCatalog } from "../../src/providers/catalog.ts";
import type { Provider } from "../../src/providers/provider.ts";
import { createHeartbeat } from "../../src/queue/heartbeat.ts";
import { recoverOrphans } from "../../src/queue/recover.ts";
import { loadCounts } from "../../src/queue/transition.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { startWriterThread } from "../../src/store/thread.ts";
import type { Tx } from "../../src/store/tx.ts";
import { VERBS } from "../../src/verbs.ts";
import { productMigrations } from "../support/inline-writer.ts";
import { UNLIMITED } from "../support/inputs.ts";
import { guardOf, handsOf } from "../support/policy.ts";
import { createScriptedTools } from "./hands.ts";
import { createLink } from "./link.ts";
import { createScriptedModel } from "./model.ts";
import type { World } from "./world.ts";

export const LEASE_MS = 2_000;
export const LANES = 3;
const TASK_TIMEOUT_MS = 6_000;
const DRAIN_MS = 1_500;

const POLICY = "allow_capabilities: [tools.now, tools.note, tools.alert, tools.garbled]";
const CAPABILITIES = ["tools.now", "tools.note", "tools.alert", "tools.garbled", "tools.forbidden"];

export interface SimProcess {
  readonly bootId: string;
  readonly main: string;
  readonly writer: string;
  /** Undefined until the boot is over; then requests are taken. */
  store(): Store | undefined;
  /** The writer's memory. */
  tx(): Tx | undefined;
  /** Attempts that call a model now. */
  busyModels(): number;
  busyLanes(): number;
  /** A polite stop; `onStopped` runs when the process has ended. */
  stop(onStopped: () => void): void;
  kill(): void;
}

const agent = (id: string, workerCount: number | null): Agent => ({
  ...{ id, displayName: id, provider: "scripted", model: "m", soul: "", tools: null, workerCount },
  ...{
    maxQueueDepth: 12,
    taskTimeoutMs: TASK_TIMEOUT_MS,
    maxTurns: 8,
    contextLimit: null,
    budget: { onLimit: "suspend" },
  },
});

export const AGENTS = [agent("default", null), agent("narrow", 1)];

/** `onRefused`: the process has ended because it could not start, as it does on a full disk. */
export function startProcess(world: World, random: Random, boot: number, onRefused: () => void): SimProcess {
  const { time } = world;
  const [bootId, main, writer] = [`boot-${boot}`, `main ${boot}`, `writer ${boot}`];
  const delayMs = (): number => (world.chance(0.1) ? world.random() * 40 : world.random());
  const link = createLink(time, main, writer, delayMs);
  const model = createScriptedModel(world);
  let tx: Tx | undefined;
  let store: Store | undefined;
  let engine: Engine | undefined;
  let stopping = false;
  const defect = (where: string, error: unknown): void => {
    // A stop that cannot wait for the disk any longer closes the store under the attempts that do.
    if (stopping && codeOf(error) === "SHUTTING_DOWN") return;
    world.violations.push(`defect in ${where}: ${String(error)}`);
  };

  const bus = createBus((error) => defect("bus", error));
  bus.subscribe((event) => witness(world, event));
  const load = (loading: Tx): void => {
    tx = loading;
    loadCounts(loading);
  };
  const open = async (): Promise<void> => {
    const opened = await openStore({
      file: world.file,
      binding: undefined,
      worker: link.worker,
      onEvents: (events) => events.forEach(bus.publish),
      onDefect: (verb, message) => defect(`verb ${verb}`, message),
      onFault: (fault) => world.trace(`fault ${fault}`),
      onLost: () => defect("the store", "the writer ended by itself"),
    });
    await opened.run(recoverOrphans, { owner: bootId });
    engine = createLanes(world, opened, bus, bootId, model, defect);
    engine.start();
    store = opened;
  };

  time.as(writer, () =>
    startWriterThread({
      ...{ file: world.file, binding: undefined, port: link.port, clock: time.clock, random },
      ...{ verbs: VERBS, migrations: productMigrations(), chores: [createHeartbeat(bootId, LEASE_MS)] },
      ...{ load, backup: () => {} },
    }),
  );
  const refuse = (error: unknown): void => {
    if (!["DISK_FULL", "IO_ERROR"].includes(codeOf(error))) defect("boot", error);
    time.outside(0, onRefused);
  };
  time.as(main, () => void open().catch(refuse));

  return {
    ...{ bootId, main, writer },
    store: () => store,
    tx: () => tx,
    busyModels: () => model.busy(),
    busyLanes: () => engine?.busyLanes() ?? 0,
    stop: (onStopped) => {
      const closing = store;
      store = undefined;
      stopping = true;
      time.as(main, () => void stop(closing, engine).then(onStopped));
    },
    kill: () => {
      const gone = store;
      time.kill(main);
      time.kill(writer);
      // What a kernel does: the connections are closed, and nothing that was not committed is written.
      time.as(writer, () => link.force({ type: "close" }));
      time.as(main, () => void gone?.close());
    },
  };
}

async function stop(store: Store | undefined, engine: Engine | undefined): Promise<void> {
  await engine?.drain(DRAIN_MS);
  await store?.close();
}

function createLanes(
  world: World,
  store: Store,
  bus: ReturnType<typeof createBus>,
  bootId: string,
  model: ReturnType<typeof createScriptedModel>,
  defect: (where: string, error: unknown) => void,
): Engine {
  const { clock } = world.time;
  const guard = guardOf(POLICY, CAPABILITIES, store);
  const now = (): Date => new Date(clock.nowMs());
  const redact = (text: string): string => text;
  return createEngine({
    ...{ store, bus, clock, bootId, redact, agents: AGENTS, lanes: LANES, leaseMs: LEASE_MS },
    hands: handsOf(store, guard, createScriptedTools(world), { now }),
    purse: {
      ...{ store, owner: bootId, nowMs: clock.nowMs, catalog: createCatalog([], () => 0) },
      ...UNLIMITED,
    },
    retry: { baseMs: 500, maxMs: 4_000 },
    policyVersion: () => guard.policy().version,
    findAgent: (id) => AGENTS.find((candidate) => candidate.id === id),
    routing: namedModelsOnly(model),
    publishPiece: () => {},
    publishText: () => {},
    reportDefect: (error, task) => defect(`the attempt of ${task.id}`, error),
    reportLoopDefect: (error) => defect("the engine", error),
  });
}

/** No tiers: every model is named, and the scripted one answers. */
function namedModelsOnly(model: Provider): Routing {
  const free = {
    missingReason: null,
    lack: null,
    breaker: "closed",
    retryAt: null,
    requestsToday: 0,
    dailyLimit: null,
  } as const;
  return {
    ...{ plan: null, fallbacks: [], openChain: () => model, memory: createMemory() },
    stateOf: (link) => ({ ...link, ...free }),
  };
}

const COMMITTED_SQL = "SELECT 1 AS one FROM task_events WHERE seq = @seq AND type = @type";

/** Events are published once they are committed, and not before. */
function witness(world: World, event: GoclawEvent): void {
  if (!isDurable(event)) return;
  const { seq, type } = event;
  if (world.reader.get(COMMITTED_SQL, { seq, type }) === undefined) {
    world.violations.push(`event ${seq} ${type} was published and is not in the database`);
  }
  if (event.to === "CANCELED") world.canceled.add(event.taskId);
}
