// The troubles of one simulated life, drawn from its seed: crashes, polite stops, a main loop that stands still, a wall
// clock that is set, a disk that is full, broken, or says that it failed when it did not.

import type { DiskState } from "./disk.ts";
import { changeMind, type Running } from "./people.ts";
import type { SimProcess } from "./process.ts";
import { countUp, type World } from "./world.ts";

export interface Machine {
  readonly running: Running;
  readonly current: () => SimProcess | undefined;
  /** Starts the next process after a while. */
  readonly restart: () => void;
}

export const TROUBLES = [
  "crash",
  "stop",
  "freeze",
  "clock",
  "full",
  "broken",
  "forgetful",
  "cancel",
] as const;
export type Trouble = (typeof TROUBLES)[number];

const STOP_BOUND_MS = 20_000;

export function strike(world: World, machine: Machine, trouble: Trouble): void {
  const process = machine.current();
  world.trace(`trouble ${trouble}`);
  countUp(world.counts, trouble);
  switch (trouble) {
    case "crash":
      if (process === undefined) return;
      process.kill();
      machine.restart();
      return;
    case "stop":
      if (process !== undefined) stopPolitely(world, machine, process);
      return;
    case "freeze":
      if (process !== undefined) world.time.freeze(process.main, world.between(500, 9_000));
      return;
    case "clock":
      world.time.jump(world.between(-1, 1) * 3_600_000);
      return;
    case "full":
    case "broken":
      ail(world, trouble, world.between(100, 6_000));
      return;
    case "forgetful":
      ail(world, trouble, world.between(1, 30));
      return;
    case "cancel":
      changeMind(world, machine.running);
      return;
  }
}

function ail(world: World, state: DiskState, ms: number): void {
  world.disk.state = state;
  world.time.outside(ms, () => {
    world.disk.state = "good";
    world.trace("the disk is good");
  });
}

/** SIGTERM, and SIGKILL when the process has not ended by then. */
function stopPolitely(world: World, machine: Machine, process: SimProcess): void {
  if (process.store() === undefined) return;
  let ended = false;
  const end = (how: string): void => {
    if (ended || machine.current() !== process) return;
    ended = true;
    world.trace(how);
    process.kill();
    machine.restart();
  };
  process.stop(() => world.time.outside(0, () => end("stopped")));
  world.time.outside(STOP_BOUND_MS, () => {
    if (!ended && machine.current() === process) world.violations.push("a polite stop did not end");
    end("killed after a stop that did not end");
  });
}
