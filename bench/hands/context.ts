// What it costs to put together the request of one turn in a long session: the history read, counted against the window,
// its segments marked.

import { type ContextPorts, prepareContext } from "../../src/brain/context.ts";
import { createCounting } from "../../src/brain/counting.ts";
import { finish } from "../../src/engine/finish.ts";
import type { Mind } from "../../src/mind.ts";
import { createCatalog } from "../../src/providers/catalog.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { claimUpTo, newTask, type Ours } from "../queue/goclaw.ts";

const ANSWER = "An answer of two or three sentences, as they are in a conversation. ".repeat(4);

/** A session of `messages` messages of 200 to 270 characters, and what prepares the context of its next task. */
export async function openSession(
  ours: Ours,
  { hands }: Pick<Mind, "hands">,
  messages: number,
): Promise<() => Promise<void>> {
  const { store, ground } = ours;
  const { sessionId } = newTask();
  const claimNext = async () => {
    await store.run(enqueue, { ...newTask(), sessionId });
    const [task] = await claimUpTo(ours, 1);
    if (task === undefined) throw new Error("nothing was claimed");
    return task;
  };
  for (let index = 0; index < messages / 2; index++) {
    const { id: taskId, fence } = await claimNext();
    await store.run(finish, { taskId, fence, result: { text: ANSWER }, lastAnswer: null });
  }
  const task = await claimNext();
  const [agent] = ground.config.agents;
  const { signal } = new AbortController();
  const provider = { id: "openai" } as ContextPorts["provider"];
  const nowMs = () => Date.now();
  const ports: ContextPorts = {
    // A window in which all of it fits, but not so well that nobody counts.
    ...{
      task,
      agent: { ...agent!, contextLimit: 128_000 },
      provider,
      tools: hands.toolsFor("default"),
      store,
      signal,
    },
    links: [{ provider: "openai", model: "gpt-4.1" }],
    purse: { store, catalog: createCatalog([], nowMs), nowMs } as ContextPorts["purse"],
    counting: createCounting(provider, signal),
  };
  return async () => {
    const prepared = await prepareContext(ports, 0, []);
    if (!("messages" in prepared) || prepared.messages.length < messages)
      throw new Error(`the context is not whole: ${JSON.stringify(prepared).slice(0, 200)}`);
  };
}
