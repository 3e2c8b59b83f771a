// GoClaw's engine on an instant model: claim, agent, prompt and history read back, one turn, the answer journaled with
// the task's end. A start is the moment the model is asked.

import { createEngine } from "../../src/engine/engine.ts";
import { createGuard } from "../../src/policy/guard.ts";
import { parsePolicy } from "../../src/policy/policy.ts";
import type { ModelRequest, Part, Provider } from "../../src/providers/provider.ts";
import { systemClock } from "../../src/system.ts";
import { LEASE_MS, type Ours } from "./goclaw.ts";

const AGENT = {
  id: "default",
  displayName: "Default",
  provider: "instant",
  model: "instant",
  soul: "You answer at once.",
  tools: null,
  workerCount: null,
  maxQueueDepth: 0,
  taskTimeoutMs: 60_000,
  maxTurns: 4,
};

/** Starts the lanes; `onStart` gets the number at the end of the prompt. */
export function startEngine(
  ours: Ours,
  lanes: number,
  onStart: (tag: number) => void,
  onEnd: () => void,
): void {
  const { store, bus, bootId } = ours;
  const policy = parsePolicy("allow_capabilities: []\n", "policy.yaml", []);
  const provider: Provider = {
    id: "instant",
    stream: async function* (request: ModelRequest): AsyncGenerator<Part> {
      onStart(tagOf(request));
      yield { type: "text.delta", text: "done" };
      yield { type: "end", stopReason: "stop", model: "instant" };
    },
  };
  const report = (error: unknown): void => console.error("engine", error);
  const ports = { workspace: "/nonexistent", webhookUrl: undefined, now: () => new Date() };
  const engine = createEngine({
    store,
    bus,
    clock: systemClock,
    bootId,
    hands: { store, guard: createGuard(policy, store), tools: [], redact: (text) => text, ports },
    lanes,
    leaseMs: LEASE_MS,
    retry: { baseMs: 1_000, maxMs: 30_000 },
    policyVersion: policy.version,
    agents: [AGENT],
    findAgent: () => AGENT,
    providerOf: () => provider,
    publishText: () => {},
    redact: (text) => text,
    reportDefect: report,
    reportLoopDefect: report,
  });
  bus.subscribe((event) => {
    if (event.type === "task.succeeded") onEnd();
  });
  engine.start();
}

function tagOf({ messages }: ModelRequest): number {
  const last = messages.at(-1);
  return Number(last?.text.slice(last.text.lastIndexOf(" ") + 1));
}
