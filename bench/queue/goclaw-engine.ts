// GoClaw's engine as the daemon builds it, on a cassette of one answer: claim, agent, prompt and history read back, one
// turn, the answer journaled with the task's end. A start is the committed event that the attempt runs.

import { createMind } from "../../src/mind.ts";
import { loadPolicy } from "../../src/parts.ts";
import type { Ours } from "./goclaw.ts";

/** Starts the lanes; how many, the home's config.yaml says. Returns what stops them. */
export async function startEngine(
  { ground, store }: Ours,
  onStart: (taskId: string) => void,
  onEnd: () => void,
): Promise<() => Promise<void>> {
  const policy = await loadPolicy(ground, store);
  const { engine } = createMind(ground, store, policy, {
    isDraining: () => false,
    ownPort: () => undefined,
    status: () => ({}) as never,
  });
  ground.bus.subscribe((event) => {
    if (event.type === "task.running") onStart(event.taskId);
    else if (event.type === "task.succeeded") onEnd();
  });
  engine.start();
  return () => engine.drain(0);
}
