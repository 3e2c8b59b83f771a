// A polite stop on virtual time: how long it lasts is known to the millisecond, whatever runs while it does.

import { beforeEach, expect, onTestFinished, test } from "vitest";
import { createBus } from "../../../src/bus/bus.ts";
import { plainAgent } from "../../../src/domain/agent.ts";
import { TOOL_TASK, type ToolTaskPrompt } from "../../../src/domain/task.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import type { Tool, ToolContext, ToolOutcome } from "../../../src/tools/tool.ts";
import { type Bench, openBench } from "../../sim/bench.ts";
import { AGENTS } from "../../sim/process.ts";
import { BOOT, enqueueInput } from "../../support/inputs.ts";
import { guardOf, handsOf } from "../../support/policy.ts";
import { verifies } from "../../support/verifies.ts";

const DRAIN_MS = 5_000;
/** Until what was told to stop is given up: then the store is closed under it. */
const SETTLE_MS = 2_000;

let begun: PromiseWithResolvers<void>;
beforeEach(async () => {
  begun = Promise.withResolvers();
  // Loaded at the first call, which takes no virtual time.
  await import("../../../src/tools/arguments.ts");
});

function toolOf(name: string, run: (context: ToolContext) => Promise<ToolOutcome>): Tool {
  const params = { type: "object", properties: {}, additionalProperties: false };
  const words = { name, description: name, params, capability: `tools.${name}` };
  const begin: Tool["run"] = (_args, context) => {
    begun.resolve();
    return run(context);
  };
  return { ...words, effectClass: "pure", resource: () => null, run: begin };
}

const hearing = toolOf(
  "hearing",
  ({ signal }) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve({ type: "failed", text: "stopped" }));
    }),
);
const deaf = toolOf("deaf", () => new Promise(() => {}));

async function run(tool: Tool) {
  const bench = await openBench();
  const { store, time } = bench;
  const bus = createBus((error) => expect.fail(String(error)));
  const capability = `tools.${tool.name}`;
  const guard = guardOf(`allow_capabilities: [${capability}]`, [capability], store);
  const engine = time.as("main", () =>
    createEngine({
      ...{ store, bus, clock: time.clock, bootId: BOOT, agents: AGENTS, lanes: 1, leaseMs: 60_000 },
      hands: handsOf(store, guard, [tool]),
      findAgent: () => ({ ...plainAgent(AGENTS[0]!), taskTimeoutMs: 3_600_000 }),
      policyVersion: () => guard.policy().version,
      retry: { baseMs: 1, maxMs: 1 },
      publishText: () => {},
      publishPiece: () => {},
      redact: (text: string) => text,
      reportDefect: (error) => expect.fail(String(error)),
      reportLoopDefect: (error) => expect.fail(String(error)),
      ...({} as { purse: never; routing: never }),
    }),
  );
  const prompt = JSON.stringify({ tool: tool.name, arguments: {} } satisfies ToolTaskPrompt);
  await bench.until(store.run(enqueue, enqueueInput("t", { kind: TOOL_TASK, prompt })));
  time.as("main", () => engine.start());
  await bench.until(begun.promise);
  expect(stateOf(bench)).toBe("RUNNING null");
  onTestFinished(() => expect(bench.defects).toEqual([]));
  /** Resolves with how long the drain lasted. */
  const drain = async (timeoutMs: number): Promise<number> => {
    const beforeMs = time.clock.monoMs();
    await time.as("main", () => engine.drain(timeoutMs));
    return time.clock.monoMs() - beforeMs;
  };
  return { ...bench, engine, drain };
}

const stateOf = ({ store }: Bench): string => {
  const sql = "SELECT state, reason_code AS reason FROM tasks WHERE id = 't'";
  const row = store.reader.get<{ state: string; reason: string | null }>(sql, {})!;
  return `${row.state} ${row.reason}`;
};

test(
  verifies("REL-005", "what runs has drain_timeout_seconds, and is put back the moment they are over"),
  async () => {
    const bench = await run(hearing);
    const drained = bench.drain(DRAIN_MS);
    await bench.pass(DRAIN_MS - 100);
    expect(stateOf(bench)).toBe("RUNNING null");
    const tookMs = await bench.until(drained);
    expect(stateOf(bench)).toBe("QUEUED SHUTDOWN_REQUEUED");
    expect(tookMs).toBeGreaterThanOrEqual(DRAIN_MS);
    expect(tookMs).toBeLessThan(DRAIN_MS + 100);
  },
);

test(
  verifies("REL-005", "what does not hear that it should stop is waited for a moment, and not longer"),
  async () => {
    const { drain, until } = await run(deaf);
    const tookMs = await until(drain(DRAIN_MS));
    expect(tookMs).toBeGreaterThanOrEqual(DRAIN_MS + SETTLE_MS);
    expect(tookMs).toBeLessThan(DRAIN_MS + SETTLE_MS + 100);
  },
);

test(verifies("RUN-003", "asked again, a drain ends its wait at once"), async () => {
  const bench = await run(hearing);
  const { time, engine, pass, until, drain } = bench;
  const drained = drain(3_600_000);
  await pass(1_000);
  const hurriedMs = time.clock.monoMs();
  time.at("main", 0, () => engine.hurry());
  const leftMs = drained.then(() => time.clock.monoMs() - hurriedMs);
  expect(await until(leftMs)).toBeLessThan(100);
  expect(stateOf(bench)).toBe("QUEUED SHUTDOWN_REQUEUED");
});
