// GoClaw as one of the systems of the queue bench: `verbs` for rates, `engine` for what a whole task costs.

import { join } from "node:path";
import type { OpenQueue } from "./contract.ts";
import { enqueueOne, type Ours, openOurs, startVerbLanes } from "./goclaw.ts";
import { startEngine } from "./goclaw-engine.ts";
import { prefillTasks } from "./prefill.ts";

type StartLanes = (ours: Ours, lanes: number, onStart: (tag: number) => void, onEnd: () => void) => void;

export const openVerbs: OpenQueue = openWith((ours, lanes, _onStart, onEnd) =>
  startVerbLanes(ours, lanes, onEnd),
);
export const openEngine: OpenQueue = openWith(startEngine);

function openWith(startLanes: StartLanes): OpenQueue {
  return async ({ directory }) => {
    const file = join(directory, "goclaw.db");
    let opened: Promise<Ours> | undefined;
    const ours = (): Promise<Ours> => {
      opened ??= openOurs(file, directory);
      return opened;
    };
    return {
      blocks: false,
      enqueue: async (tag) => enqueueOne(await ours(), tag),
      // Before the store opens: the file has one owner at a time.
      fill: async (count) => prefillTasks(file, count, [0]),
      work: async (lanes, onStart, onEnd) => startLanes(await ours(), lanes, onStart, onEnd),
    };
  };
}
