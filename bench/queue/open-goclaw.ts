// GoClaw as one of the systems of the queue bench: its verbs for rates, its engine for what a whole task costs.

import { join } from "node:path";
import { enqueue } from "../../src/queue/enqueue.ts";
import { makeHome } from "../kit/home.ts";
import type { OpenQueue } from "./contract.ts";
import { newTask, type Ours, openOurs, startVerbLanes } from "./goclaw.ts";
import { startEngine } from "./goclaw-engine.ts";
import { prefillTasks } from "./prefill.ts";

const LANES = 16;

type StartLanes = (
  ours: Ours,
  lanes: number,
  onStart: (taskId: string) => void,
  onEnd: () => void,
) => unknown;

export const openVerbs: OpenQueue = openWith((ours, lanes, _onStart, onEnd) =>
  startVerbLanes(ours, lanes, onEnd),
);
export const openEngine: OpenQueue = openWith((ours, _lanes, onStart, onEnd) =>
  startEngine(ours, onStart, onEnd),
);

function openWith(startLanes: StartLanes): OpenQueue {
  return async () => {
    const home = makeHome({ lanes: LANES });
    /** Which task is which job, while somebody waits for starts. */
    const tags = new Map<string, number>();
    let working = false;
    let opened: Promise<Ours> | undefined;
    const ours = (): Promise<Ours> => {
      opened ??= openOurs(home);
      return opened;
    };
    return {
      blocks: false,
      enqueue: async (tag) => {
        const { store } = await ours();
        const task = newTask();
        if (working) tags.set(task.id, tag);
        await store.run(enqueue, task);
      },
      // Before the store opens: the file has one owner at a time.
      fill: async (count) => prefillTasks(join(home, "goclaw.db"), count, [0]),
      work: async (lanes, onStart, onEnd) => {
        working = true;
        await startLanes(await ours(), lanes, (id) => onStart(tags.get(id) ?? -1), onEnd);
      },
    };
  };
}
