// `npm run bench`: runs the groups asked for and prints their rows. Nothing here asserts a time: a row that falls short
// says so, and the exit code is 0 all the same.

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Board } from "./board.ts";
import { benchHands } from "./hands/hands.ts";
import { describeMachine } from "./machine.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { printBoard } from "./print.ts";
import { benchQueue } from "./queue/queue.ts";
import type { Group } from "./rows.ts";
import { benchStart } from "./start/start.ts";
import { benchTurn } from "./turn/turn.ts";

const BENCHES: Readonly<Record<Group, (board: Board, options: Options) => Promise<void>>> = {
  queue: benchQueue,
  start: benchStart,
  turn: benchTurn,
  hands: benchHands,
};

const EXIT_USAGE = 2;

function optionsOrUsage(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const options = optionsOrUsage();
const machine = describeMachine();
const startedMs = performance.now();
const board = new Board();
for (const group of options.groups) {
  console.error(`${group}: ${options.rounds} rounds ...`);
  await BENCHES[group](board, options);
}
const tookSeconds = Math.round((performance.now() - startedMs) / 1_000);
console.log(
  `${machine.text}\n${options.rounds} rounds, medians, ${tookSeconds} s; load average at the end ${describeMachine().load}\n`,
);
console.log(printBoard(board));
if (options.jsonFile !== undefined) {
  const results = board.results();
  const document = {
    machine,
    rounds: options.rounds,
    seconds: options.seconds,
    tookSeconds,
    results,
    notes: board.notes,
  };
  // npm runs this in bench/; a relative path means the caller's directory.
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), options.jsonFile);
  writeFileSync(file, `${JSON.stringify(document, null, 1)}\n`);
  console.error(`wrote ${file}`);
}
process.exit(0);
