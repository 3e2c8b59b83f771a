// How long the first word of an answer takes from the provider's socket to the bus, through SDK, failover and redaction.

import { enqueue } from "../../src/queue/enqueue.ts";
import { startChild } from "../kit/child.ts";
import { makeHome } from "../kit/home.ts";
import { newTask, openOurs } from "../queue/goclaw.ts";
import { startEngine } from "../queue/goclaw-engine.ts";

/** Milliseconds, one a task; the first ones warm up and are left out. */
export async function measureFirstTokens(tasks: number, warmUp: number): Promise<number[]> {
  const model = startChild("hands/clock-model.ts", {});
  const { url } = await model.message<{ url: string }>();
  const ours = await openOurs(makeHome({ lanes: 1, modelUrl: url }));
  let ended = (): void => {};
  const stopEngine = await startEngine(
    ours,
    () => {},
    () => ended(),
  );
  const took: number[] = [];
  for (let index = 0; index < tasks + warmUp; index++) {
    const task = newTask();
    const over = new Promise<void>((resolve) => {
      ended = resolve;
    });
    let text = "";
    const stop = ours.ground.bus.subscribeTask(task.id, (event) => {
      if (event.type !== "text.delta" || text.includes(" ")) return;
      text += event.text; // the redactor may hold back what could begin a key
      const ms = performance.timeOrigin + performance.now() - Number(text.split(" ")[0]) / 1_000;
      if (text.includes(" ") && index >= warmUp) took.push(ms);
    });
    await ours.store.run(enqueue, task);
    await over;
    stop();
  }
  await stopEngine();
  await ours.store.close();
  await model.stop();
  return took;
}
