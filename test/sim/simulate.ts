// One simulated life from one seed: jobs arrive, trouble strikes, the machine restarts, and in the end all is quiet and
// every promise has been kept. The same seed takes the same steps and leaves the same trace.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { createIds } from "../../src/domain/ids.ts";
import { openDatabase, openReadOnly } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";
import { createReader } from "../../src/store/reader.ts";
// The daemon loads it at the first call of a tool, which takes time that a simulated life does not have.
import "../../src/tools/arguments.ts";
import { makeScratch, productMigrations } from "../support/inline-writer.ts";
import { createSeededRandom } from "../support/manual-clock.ts";
import { createOnlooker, type Onlooker } from "./checks.ts";
import { installDisk } from "./disk.ts";
import { operate, revive, submit } from "./people.ts";
import { type SimProcess, startProcess } from "./process.ts";
import { VirtualTime } from "./time.ts";
import { type Machine, strike, TROUBLES, type Trouble } from "./trouble.ts";
import { createWorld, type Job, type World } from "./world.ts";

export interface SimOptions {
  readonly seed: number;
  /** Give up after so many steps. */
  readonly maxSteps?: number;
  readonly jobs?: number;
  readonly troubles?: readonly Trouble[];
}

export interface SimReport {
  readonly seed: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly hash: string;
  readonly violations: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly diskFaults: number;
  readonly states: Readonly<Record<string, number>>;
  readonly tail: readonly string[];
}

const BUSY_MS = 60_000;
/** When trouble is over, everything must have ended within this. */
const QUIET_MS = 15 * 60_000;
const ENOUGH_VIOLATIONS = 5;

export async function simulate(options: SimOptions): Promise<SimReport> {
  const directory = makeScratch();
  const file = join(directory, "goclaw.db");
  const random = createSeededRandom(options.seed);
  const time = new VirtualTime();
  const fresh = openDatabase(file, undefined, false);
  migrate(fresh, productMigrations(), 0, () => {});
  const view = openReadOnly(file, undefined);
  const disk = installDisk();
  const jobs = new Map<string, Job>();
  const parts = { seed: options.seed, time, disk, file, reader: createReader(view), jobs };
  const world = createWorld(parts, random.next);
  for (const job of drawJobs(world, options.jobs ?? 24)) jobs.set(job.key, job);
  time.install();
  try {
    const { steps, process } = await live(world, random, options);
    process?.kill();
    return report(world, options.seed, steps);
  } finally {
    time.uninstall();
    disk.uninstall();
    fresh.close();
    view.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function live(
  world: World,
  random: Parameters<typeof startProcess>[1],
  { maxSteps = 60_000, troubles = TROUBLES }: SimOptions,
): Promise<{ steps: number; process: SimProcess | undefined }> {
  let process: SimProcess | undefined;
  let boots = 0;
  const start = (): void => {
    const started = startProcess(world, random, ++boots, () => {
      if (process !== started) return;
      started.kill();
      machine.restart();
    });
    process = started;
  };
  const machine: Machine = {
    current: () => process,
    running: () => (process?.store() === undefined ? undefined : process),
    restart: () => {
      process = undefined;
      world.time.outside(world.between(1, 3_000), start);
    },
  };
  start();
  arrange(world, random, machine, troubles);
  const onlooker = createOnlooker(world);
  let steps = 0;
  while (steps < maxSteps && world.violations.length < ENOUGH_VIOLATIONS && (await world.time.step())) {
    steps++;
    onlooker.look(process);
    if (isQuiet(world, onlooker, steps)) break;
  }
  if (steps >= maxSteps) world.violations.push(`${steps} steps were not enough`);
  if (world.violations.length === 0) onlooker.conclude();
  return { steps, process };
}

/** Whether everything has ended; adds a violation when it should have by now. */
function isQuiet(world: World, onlooker: Onlooker, steps: number): boolean {
  const nowMs = world.time.clock.monoMs();
  if (nowMs < BUSY_MS || steps % 20 !== 0) return false;
  const unfinished = onlooker.unfinished();
  if (unfinished.length === 0 && world.acknowledged.size === world.jobs.size) return true;
  if (nowMs < BUSY_MS + QUIET_MS) return false;
  world.violations.push(...unfinished.map((line) => `${line}, long after the last trouble`));
  return true;
}

function arrange(
  world: World,
  random: Parameters<typeof startProcess>[1],
  machine: Machine,
  troubles: readonly Trouble[],
): void {
  const newId = createIds(world.time.clock, random);
  for (const job of world.jobs.values()) {
    world.time.outside(world.between(0, BUSY_MS / 2), () => submit(world, machine.running, job, newId));
  }
  const count = world.between(2, 14);
  for (let index = 0; troubles.length > 0 && index < count; index++) {
    const trouble = troubles[world.between(0, troubles.length - 1)]!;
    world.time.outside(world.between(0, BUSY_MS - 10_000), () => strike(world, machine, trouble));
  }
  const look = (): void => {
    operate(world, machine.running);
    world.time.outside(2_000, look);
  };
  look();
  world.time.outside(BUSY_MS / 2, () => revive(world, machine.running));
}

const TOOL_ROUNDS = [
  [],
  ["now"],
  ["note"],
  ["alert"],
  ["note", "alert"],
  ["alert", "alert"],
  ["forbidden"],
  ["garbled"],
];

function drawJobs(world: World, count: number): Job[] {
  const draw = <Value>(values: readonly Value[]): Value => values[world.between(0, values.length - 1)]!;
  return Array.from({ length: count }, (_, index) => ({
    key: `job ${index}`,
    sessionId: `session ${world.between(0, 5)}`,
    agentId: world.chance(0.2) ? "narrow" : "default",
    priority: draw([0, 0, 0, 5, -5]),
    maxAttempts: draw([2, 3, 5, 8]),
    turns: Array.from({ length: world.between(0, 3) }, () => draw(TOOL_ROUNDS.slice(1))),
    mood: world.chance(0.85) ? "good" : draw(["garbled", "bad_key", "silent"] as const),
  }));
}

const STATES_SQL = "SELECT state, count(*) AS tasks FROM tasks GROUP BY state ORDER BY state";

function report(world: World, seed: number, steps: number): SimReport {
  const states = world.reader.all<{ state: string; tasks: number }>(STATES_SQL);
  return {
    ...{ seed, steps, virtualMs: world.time.clock.monoMs(), hash: world.traceHash() },
    ...{
      violations: [...new Set(world.violations)],
      counts: world.counts,
      diskFaults: world.disk.faults,
      tail: world.tail,
    },
    states: Object.fromEntries(states.map(({ state, tasks }) => [state, tasks])),
  };
}
