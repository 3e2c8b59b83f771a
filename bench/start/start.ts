// The group `start`: what the executable takes to start, to answer and to lie still.

import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Board } from "../board.ts";
import { executableMb, startDaemon, timeCommand } from "../kit/daemon.ts";
import { makeHome } from "../kit/home.ts";
import { makeDirectory, removeDirectory } from "../kit/place.ts";
import { contextSwitches, cpuMs, memory } from "../kit/proc.ts";
import { median } from "../kit/stats.ts";
import { sleep } from "../kit/wait.ts";
import type { Options } from "../options.ts";
import { prefillTasks } from "../queue/prefill.ts";
import { OURS } from "../systems.ts";

const COMMANDS = 8;
const QUEUED = 100_000;
/** V8 collects once, about eight seconds after the last work; from then on a daemon at rest makes no system call. */
const REST_MS = 12_000;
const IDLE_MS = 10_000;
/** Nothing listens there: a task that is claimed fails or waits, it never ends. */
const NO_MODEL = "http://127.0.0.1:9/v1";

export async function benchStart(board: Board, { rounds }: Options): Promise<void> {
  quote(board);
  board.add("size", OURS, executableMb());
  const directory = makeDirectory("start");
  const full = join(directory, "full.db");
  prefillTasks(full, QUEUED);
  timeCommand(["--version"], directory); // the copy's pages come into the cache
  for (let round = 0; round < rounds; round++) {
    board.add(
      "version",
      OURS,
      medianOf(() => timeCommand(["--version"], directory)),
    );
    await measureEmpty(board);
    await measureFull(board, full);
  }
  removeDirectory(directory);
}

async function measureEmpty(board: Board): Promise<void> {
  const home = makeDirectory("empty");
  const daemon = await startDaemon(home);
  board.add("ready.empty", OURS, daemon.readyMs);
  board.add(
    "status",
    OURS,
    medianOf(() => timeCommand(["status", "--home", home], home)),
  );
  await sleep(REST_MS);
  const before = { cpuMs: cpuMs(daemon.pid), switches: contextSwitches(daemon.pid) };
  await sleep(IDLE_MS);
  board.add("idle.cpu", OURS, ((cpuMs(daemon.pid) - before.cpuMs) / IDLE_MS) * 100);
  board.add("idle.switches", OURS, contextSwitches(daemon.pid) - before.switches);
  const { rssMb, pssMb } = memory(daemon.pid);
  board.add("idle.rss", OURS, rssMb);
  board.add("idle.pss", OURS, pssMb);
  board.add(
    "status",
    OURS,
    medianOf(() => timeCommand(["status", "--home", home], home)),
  );
  await daemon.stop();
  removeDirectory(home);
}

async function measureFull(board: Board, full: string): Promise<void> {
  const home = makeHome({ lanes: 1, modelUrl: NO_MODEL });
  copyFileSync(full, join(home, "goclaw.db"));
  const daemon = await startDaemon(home);
  board.add("ready.full", OURS, daemon.readyMs);
  await daemon.kill();
  removeDirectory(home);
}

function medianOf(time: () => number): number {
  return median(Array.from({ length: COMMANDS }, time));
}

/** From the peer study on this kind of machine; another run, so no ratio should be read to a decimal. */
function quote(board: Board): void {
  board.add("ready.empty", "portkey", 250);
  board.add("ready.empty", "openclaw", 9_827);
  board.add("idle.rss", "portkey", 84.3);
  board.add("idle.rss", "openclaw", 1_175);
  board.add("idle.cpu", "portkey", 0.33);
  board.add("idle.cpu", "openclaw", 4.7);
  board.note(
    "Portkey and OpenClaw are QUOTED from an earlier study on the same kind of machine, not measured here",
  );
}
